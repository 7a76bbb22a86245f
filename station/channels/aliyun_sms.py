"""Text messages of Alibaba Cloud: https://help.aliyun.com/document_detail/55284.html (SendSms).

What it says later of a message: https://help.aliyun.com/zh/sms/developer-reference/smsreport-2 (SmsReport by HTTP).
"""

import json

from station.channels import aliyun, codes, inbound, templates
from station.channels.aliyun import Call
from station.channels.base import Channel, Delivery, Limit, Result
from station.channels.inbound import Door, Inbound, Told
from station.channels.post import home

HOME = "https://dysmsapi.aliyuncs.com"


def deliver(delivery: Delivery) -> Result:
    template, variables = templates.chosen(delivery)
    parameters = {
        "PhoneNumbers": templates.phone(delivery.destination, mobile=True),
        "SignName": delivery.settings["sign_name"],
        "TemplateCode": template,
        "TemplateParam": json.dumps(dict(variables), ensure_ascii=False),
    }
    parameters |= aliyun.named(delivery)
    return aliyun.ask(delivery, home(delivery, HOME), Call("SendSms", parameters), "BizId")


def read(came: Inbound) -> list[Told]:
    return [_told(one) for one in inbound.entries(came.body)]


def _told(one: dict[str, object]) -> Told:
    success = one.get("success")
    return Told(
        ref=inbound.text(one.get("out_id")),
        provider_id=inbound.text(one.get("biz_id")),
        state="delivered" if success in (True, "true") else "failed" if success in (False, "false") else "",
        word=codes.word(inbound.text(one.get("err_code"))),
        at=inbound.beijing(one.get("report_time")),
    )


CHANNEL = Channel(
    deliver,
    required=("access_key_id", "access_key_secret", "sign_name", "template"),
    optional=(
        "template_drill",
        "template_plain",
        "template_entry",
        "template_code",
        "template_application",
        "variables",
        "base_url",
        "ca_file",
        "deadline_s",
    ),
    secret=("access_key_secret",),
    to="phone",
    limit=Limit(10, 60),
    door=Door(read, aliyun.thanks),
)
