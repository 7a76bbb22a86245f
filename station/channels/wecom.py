"""The codes that all of WeCom (企业微信) shares: https://developer.work.weixin.qq.com/document/path/90313."""

from collections.abc import Mapping

from station.channels import codes
from station.channels.codes import Meaning

HOME = "https://qyapi.weixin.qq.com"

CODES: Mapping[int, Meaning] = {
    0: codes.OK,
    -1: codes.BUSY,
    6000: codes.BUSY,
    40014: codes.TOKEN,
    41001: codes.TOKEN,
    42001: codes.TOKEN,
    42007: codes.TOKEN,
    42009: codes.TOKEN,
    45009: codes.TOO_OFTEN,
    45033: codes.TOO_OFTEN,
    40001: codes.BAD_SECRET,
    40013: codes.BAD_SECRET,
    40056: codes.BAD_SECRET,
    41002: codes.BAD_SECRET,
    41004: codes.BAD_SECRET,
    301002: codes.NOT_ALLOWED,
    40003: codes.BAD_TARGET,
    40031: codes.BAD_TARGET,
    60111: codes.BAD_TARGET,
    81013: codes.BAD_TARGET,
    40008: codes.BAD_REQUEST,
    40035: codes.BAD_REQUEST,
    40058: codes.BAD_REQUEST,
    40063: codes.BAD_REQUEST,
    44004: codes.BAD_TEXT,
    40033: codes.BAD_TEXT,
    45002: codes.TOO_LONG,
    48002: codes.NOT_ALLOWED,
    60020: codes.BAD_IP,
    93000: codes.NO_ROBOT,
    93004: codes.NO_ROBOT,
    93008: codes.NO_ROBOT,
}
