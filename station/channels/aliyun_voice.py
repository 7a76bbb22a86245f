"""Voice calls of Alibaba Cloud that read a template out: https://help.aliyun.com/document_detail/393519.html.

One number may be called once a minute, five times an hour and twenty times in 24 hours; the minute is kept here,
the rest comes back as a code.
"""

import json

from station.channels import aliyun, templates
from station.channels.aliyun import Call
from station.channels.base import Channel, Delivery, Limit, Result
from station.channels.post import home

HOME = "https://dyvmsapi.aliyuncs.com"


def deliver(delivery: Delivery) -> Result:
    template, variables = templates.chosen(delivery, "badge")
    parameters = {
        "CalledNumber": templates.phone(delivery.destination, mobile=False),
        "TtsCode": template,
        "TtsParam": json.dumps(dict(variables), ensure_ascii=False),
    }
    if delivery.settings.get("shown_number"):
        parameters["CalledShowNumber"] = delivery.settings["shown_number"]
    return aliyun.ask(delivery, home(delivery, HOME), Call("SingleCallByTts", parameters), "CallId")


CHANNEL = Channel(
    deliver,
    required=("access_key_id", "access_key_secret", "template"),
    optional=(
        "template_drill", "template_plain", "variables", "shown_number", "base_url", "ca_file", "deadline_s",
    ),
    secret=("access_key_secret",),
    to="phone",
    limit=Limit(1, 60),
    rings=True,
)  # fmt: skip
