"""Text messages of Alibaba Cloud: https://help.aliyun.com/document_detail/55284.html (SendSms)."""

import json

from station.channels import aliyun, templates
from station.channels.aliyun import Call
from station.channels.base import Channel, Delivery, Limit, Result
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
    return aliyun.ask(delivery, home(delivery, HOME), Call("SendSms", parameters), "BizId")


CHANNEL = Channel(
    deliver,
    required=("access_key_id", "access_key_secret", "sign_name", "template"),
    optional=("template_drill", "template_plain", "variables", "base_url", "ca_file", "deadline_s"),
    secret=("access_key_secret",),
    to="phone",
    limit=Limit(10, 60),
)
