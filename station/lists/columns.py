"""The columns of a list of elders: how they may be headed, and the words that stand in them."""

import unicodedata

from station import vocabulary
from station.enrolment import MOST_CONTACTS

# Field -> headings as people write them, without spaces and in small letters; the first is the template's.
PERSON = {
    "name": ("姓名", "老人姓名", "name"),
    "identity_number": (
        "身份证号",
        "身份证",
        "身份证号码",
        "公民身份号码",
        "证件号码",
        "identity_number",
        "id",
    ),
    "birth_date": ("出生日期", "生日", "出生年月日", "birth_date", "birthdate"),
    "sex": ("性别", "sex"),
    "address": ("住址", "地址", "居住地址", "家庭住址", "现住址", "居住地", "address"),
    "community": ("社区", "所属社区", "居住社区", "community"),
}
CONTACT = {
    "name": ("联系人{n}姓名", "联系人{n}", "contact{n}_name"),
    "phone": ("联系人{n}电话", "联系电话{n}", "电话{n}", "contact{n}_phone"),
    "relation": ("联系人{n}关系", "与老人关系{n}", "关系{n}", "contact{n}_relation"),
}
# Lists with one contact do not number it.
ONLY_CONTACT = {
    "name": ("联系人", "联系人姓名", "家属", "家属姓名"),
    "phone": ("联系电话", "联系人电话", "家属电话", "电话", "手机", "手机号"),
    "relation": ("与老人关系", "关系", "联系人关系"),
}
MORE = {
    "institution": ("养老机构", "所住机构", "机构", "机构名称", "养老院", "敬老院", "institution"),
    "health_notes": ("健康提示", "健康状况", "health_notes"),
    "history": ("走失经历", "走失情况", "备注", "history"),
    "call_name": ("称呼", "怎么称呼", "call_name"),
    "hints": ("页面提示", "相处提示", "hints"),
    "given_by": ("同意人", "谁同意", "given_by"),
}
CONSENTS = {
    "record": ("同意登记", "是否同意登记", "同意"),
    "family_place": ("同意告知家属位置",),
    "finding_community": ("同意告知发现地社区",),
    "photo": ("同意值班员看照片",),
    "health_notes": ("同意告知健康提示",),
    "page_call_name": ("同意页面显示称呼",),
    "page_hints": ("同意页面显示提示",),
    "page_flags": ("同意受伤时显示急救提示",),
    "finder_photo": ("同意紧急时出示照片",),
    "finder_health": ("同意紧急时出示健康提示",),
    "voice": ("同意保留熟悉的声音",),
    "volunteers": ("同意请志愿者帮忙寻找",),
}
NEEDED = ("name", "address", "contact1_phone")

YES = ("是", "同意", "有", "1", "yes", "y", "true", "√", "✓", "对")
NO = ("否", "不同意", "无", "没有", "0", "no", "n", "false", "×", "✗", "x", "")
SEXES: dict[str, tuple[str, ...]] = {"female": ("女", "女性"), "male": ("男", "男性")}
GIVEN_BY = {
    "relative": ("家属", "亲属"),
    "elder": ("本人", "老人本人"),
    "guardian": ("法定监护人", "监护人"),
    "agreed": ("意定监护人",),
}
RELATIONS = {
    "son": ("儿子", "子", "长子", "次子", "小儿子", "大儿子"),
    "daughter": ("女儿", "女", "长女", "次女", "小女儿", "大女儿"),
    "spouse": ("配偶", "老伴", "丈夫", "妻子", "夫妻", "爱人"),
    "in_law": ("儿媳", "女婿", "儿媳妇", "儿媳或女婿"),
    "grandchild": ("孙子女", "孙子", "孙女", "外孙", "外孙女"),
    "sibling": ("兄弟姐妹", "哥哥", "弟弟", "姐姐", "妹妹"),
    "carer": ("护理员", "护工", "保姆", "照护人"),
    "neighbour": ("邻居",),
    "other": ("其他", "其它", "亲戚", "朋友"),
}
HEALTH_NOTES = {
    "memory": ("记性差", "健忘", "认知障碍", "痴呆", "失智", "阿尔茨海默"),
    "speech": ("说话不清", "言语不清", "失语"),
    "hearing": ("听力差", "耳背", "听力障碍"),
    "sight": ("视力差", "视力障碍"),
    "walking": ("走路不稳", "腿脚不便", "行动不便"),
    "mood": ("情绪低落", "情绪不稳", "抑郁"),
    "diabetes": ("糖尿病",),
    "heart": ("心脏病", "冠心病"),
    "stroke": ("中风", "脑卒中", "脑梗"),
    "seizures": ("癫痫", "抽搐"),
    "anticoagulant": ("抗凝药", "服抗凝药", "华法林"),
    "allergy": ("药物过敏", "过敏"),
    "asthma": ("哮喘", "气短"),
}
HINTS = {
    "slowly": ("请慢慢说",),
    "loudly": ("听不清请靠近说", "耳背请大声说"),
    "no_touch": ("请不要拉胳膊",),
    "no_chase": ("请不要追赶",),
    "unsteady": ("走路不稳请找座位",),
    "likes_tea": ("喝口热水会安心",),
    "dialect": ("听得懂本地话",),
    "korean": ("说朝鲜语",),
    "anxious": ("容易害怕请微笑",),
    "forgets": ("记性差请耐心重复",),
}
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "sex": SEXES,
    "given_by": GIVEN_BY,
    "relation": RELATIONS,
    "health_notes": HEALTH_NOTES,
    "hints": HINTS,
}
# What an export says and an import passes over: it is known better, or is no longer a number.
PASSED_OVER = ("身份证后四位", "编号", "序号", "原因", "状态", "登记日期", "胸牌")


def fields(contacts: int = MOST_CONTACTS) -> dict[str, tuple[str, ...]]:
    """Every field that a list may have, in the template's order, with its headings."""
    found = dict(PERSON)
    for n in range(1, contacts + 1):
        for part, headings in CONTACT.items():
            only = ONLY_CONTACT[part] if n == 1 else ()
            found[f"contact{n}_{part}"] = (*(heading.format(n=n) for heading in headings), *only)
    found |= MORE
    return found | {f"consent_{item}": (*headings, f"consent_{item}") for item, headings in CONSENTS.items()}


def headings(contacts: int = 2) -> list[str]:
    """The first row of the template."""
    return [words[0] for words in fields(contacts).values()]


def plain(text: str) -> str:
    """A heading or a fixed word without what people add to it: spaces, brackets, a star for what is needed."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded.split("(")[0] if c not in " *:\n\t\u3000")


def find(first_row: list[str]) -> dict[str, int]:
    """The place of each field in a list's first row."""
    meant = {plain(word): field for field, words in fields().items() for word in words}
    found: dict[str, int] = {}
    for place, heading in enumerate(first_row):
        field = meant.get(plain(heading))
        if field and field not in found:
            found[field] = place
    return found


def code(kind: str, word: str) -> str | None:
    """The code of a word as people write it, or of the code itself."""
    wanted = plain(word)
    return next(
        (code for code, words in WORDS[kind].items() if wanted == code or wanted in map(plain, words)), None
    )


def shown(kind: str, code: str) -> str:
    """The word of a code as an export and the template write it."""
    return WORDS[kind][code][0]


def choices(kind: str) -> str:
    """All words of a kind, for the template's notes and for who wrote another one."""
    return "、".join(words[0] for words in WORDS[kind].values())


assert list(CONSENTS) == list(vocabulary.CONSENT_ITEMS)
assert (*HEALTH_NOTES,) == (*vocabulary.HEALTH_NOTES,)
assert (*HINTS,) == (*vocabulary.HINTS,)
assert (*RELATIONS,) == (*vocabulary.RELATIONS,)
