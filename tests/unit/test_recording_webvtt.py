"""Captions are read as the standard says and no other way, and written so that it says the same again."""

from __future__ import annotations

import pytest

from vtp.errors import Invalid
from vtp.recording.languages import parse_language
from vtp.recording.webvtt import MAX_CUE_CHARACTERS, Cue, escape, read_vtt, stamp, write_vtt

GOOD = """\ufeffWEBVTT - by hand\r
Kind: captions\r
\r
NOTE nobody reads this\r
\r
STYLE\r
::cue { color: lime }\r
\r
first\r
00:01.000 --> 00:04.250 line:-1 align:start position:10%,line-left region:below\r
<v Ada Lovelace>R&D &amp; <i>more</i> at 3 > 2\r
second line\r
\r
01:00:00.000 --> 01:00:02.000\r
<00:59:59.000>timed <c.loud>words</c>\r
"""


def test_what_is_kept_of_a_file_is_its_captions() -> None:
    cues = read_vtt(GOOD.encode())
    text = "<v Ada Lovelace>R&amp;D &amp; <i>more</i> at 3 > 2\nsecond line"
    settings = "line:-1 align:start position:10%,line-left"
    assert cues == [
        Cue(1000, 4250, text, settings, "first"),
        Cue(3_600_000, 3_602_000, "<00:59:59.000>timed <c.loud>words</c>"),
    ]


def test_what_is_written_is_read_again_as_the_same() -> None:
    cues = read_vtt(GOOD.encode())
    written = write_vtt(cues)
    assert written.startswith("WEBVTT\n\nfirst\n00:00:01.000 --> 00:00:04.250 line:-1 ")
    assert read_vtt(written.encode()) == cues
    assert "STYLE" not in written and "NOTE" not in written


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("say &quot;hi&quot; it&#39;s &#x263A;", 'say "hi" it\'s ☺'),
        ("&copy; caf&eacute; &hellip;", "© café …"),
        ("R&D &unknown; AT&T & all", "R&amp;D &amp;unknown; AT&amp;T &amp; all"),
        ("&amp;quot; &lt;b&gt; a&nbsp;b&lrm;", "&amp;quot; &lt;b&gt; a&nbsp;b&lrm;"),
        ("&#60;b&#62; &#38;lt; --&#x3e;", "&lt;b&gt; &amp;lt; --&gt;"),
        ("<v R&amp>said", "<v R&amp;>said"),
        ("<v Ada &quot;x&quot;>said</v>", '<v Ada "x">said</v>'),
        ("one&#10;&NewLine;&#13;two", "one   two"),
        ("one\n&#32;&#9;\ntwo", "one\n&nbsp;\ntwo"),
        ("a&#0;b&#x110000;", "a\ufffdb\ufffd"),
    ],
)
def test_all_references_of_html_are_read(text: str, kept: str) -> None:
    [cue] = read_vtt(f"WEBVTT\n\nQ&A\n00:01.000 --> 00:02.000\n{text}\n".encode())
    assert (cue.text, cue.name) == (kept, "Q&A")
    assert read_vtt(write_vtt([cue]).encode()) == [cue]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "must be WEBVTT"),
        ("1\n00:01.000 --> 00:02.000\nsubtitles of another kind", 1, "must be WEBVTT"),
        ("WEBVTT\n00:01.000 --> 00:02.000\na", 1, "an empty line"),
        ("WEBVTT\n\nNOTE nothing else", 1, "no captions"),
        ("WEBVTT\n\n00:01,000 --> 00:02,000\na", 3, "a time line"),
        ("WEBVTT\n\n00:61.000 --> 00:62.000\na", 3, "a time line"),
        ("WEBVTT\n\n00:02.000 --> 00:02.000\na", 3, "end after it begins"),
        ("WEBVTT\n\n00:05.000 --> 00:06.000\na\n\n00:01.000 --> 00:02.000\nb", 6, "in order of time"),
        ("WEBVTT\n\nname\n00:01.000 --> 00:02.000 colour:red\na", 4, "no setting"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000 line:120%\na", 3, "no setting"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<script>alert(1)</script>", 4, "no tag of WebVTT"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<img src=x onerror=alert(1)>", 4, "no tag of WebVTT"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n3 < 4", 4, "no tag of WebVTT"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<i>open", 4, "is not closed"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<i><b>a</i></b>", 4, "closes nothing"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\na\n00:03.000 --> 00:04.000\nb", 4, "an empty line"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n" + "a" * (MAX_CUE_CHARACTERS + 1), 4, "at most"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nbell \x07", 4, "control character"),
    ],
)
def test_what_the_standard_forbids_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_vtt(text.encode())
    first = refused.value.errors[0]
    assert (first.pointer, says in first.detail) == (f"/line/{line}", True), first
    assert refused.value.code == "captions_invalid"


def test_another_encoding_is_refused_with_the_line_where_it_shows() -> None:
    with pytest.raises(Invalid) as refused:
        read_vtt("WEBVTT\n\n00:01.000 --> 00:02.000\nf\u00fcr".encode("latin-1"))
    assert refused.value.errors[0].pointer == "/line/4"


def test_all_that_is_wrong_is_told_at_once_up_to_a_bound() -> None:
    wrong = "\n\n".join(["WEBVTT", *["00:02.000 --> 00:01.000\n<u>"] * 50])
    with pytest.raises(Invalid) as refused:
        read_vtt(wrong.encode())
    assert [one.pointer for one in refused.value.errors[:3]] == ["/line/3", "/line/4", "/line/6"]
    assert len(refused.value.errors) == 20


def test_plain_text_becomes_a_caption_without_tags_and_empty_lines() -> None:
    text = escape(" <b>1 < 2</b> & so on -->\n\n next ")
    assert text == "&lt;b&gt;1 &lt; 2&lt;/b&gt; &amp; so on --&gt;\nnext"
    assert read_vtt(write_vtt([Cue(0, 1000, text)]).encode())[0].text == text
    assert stamp(3_723_004) == "01:02:03.004"


@pytest.mark.parametrize(
    ("said", "spelt"),
    [("de", "de"), ("EN-gb", "en-GB"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"), ("yue", "yue")],
)
def test_a_language_has_one_spelling(said: str, spelt: str) -> None:
    assert parse_language(said) == spelt


@pytest.mark.parametrize("said", ["", "german", "d", "de_DE", "de-", "x-own", "../de", "de\n", "d\u00e9"])
def test_what_is_no_language_is_refused(said: str) -> None:
    with pytest.raises(Invalid):
        parse_language(said)
