"""Track at the terminal: pages pulled into the inbox."""

from __future__ import annotations

import pytest

from tests.track.pages_made import LIST_HEADS, SPRINTERS, conference, printed

PAGE = conference(printed("100 Meters (Women)", LIST_HEADS, SPRINTERS))


def test_pull_puts_pages_into_the_inbox(formguide, loopback, reply, tmp_path):
    for n in (1, 2, 3):
        loopback.serve(f"/lists/{n}.html", reply(PAGE))
    urls = tmp_path / "urls.csv"
    urls.write_text(
        "url\n" + "".join(f"{loopback.url}/lists/{n}.html\n" for n in (1, 2, 3)), encoding="utf-8"
    )
    asked = ("pull", "track", "--urls", urls, "--delay", 0, "--lake", tmp_path / "lake")

    first = formguide(*asked, "--shard", "1/2", "--limit", 1)
    assert (first.code, first.err) == (0, "")
    assert "2 pages: 1 new or changed, 0 as they were, 1 requests" in first.out
    assert "1 pages are left: pull again" in first.out
    second = formguide(*asked)
    assert second.code == 0 and "3 pages: 2 new or changed, 1 as they were, 2 requests" in second.out
    assert "Next: formguide run track --lake" in second.out
    inbox = tmp_path / "lake" / "inbox" / "track" / "tfrrs" / "lists"
    assert sorted(p.name for p in inbox.iterdir()) == ["1.html.gz", "2.html.gz", "3.html.gz"]
    assert loopback.paths() == ["/lists/1.html", "/lists/2.html", "/lists/3.html"]

    loopback.serve("/lists/2.html", reply(PAGE, status=404))
    again = formguide(*asked, "--again")
    assert again.code == 1 and "1 of 3 pages could not be had: pull again for them" in again.err
    assert f"{loopback.url}/lists/2.html: nothing there (404)" in again.err


@pytest.mark.parametrize(
    ("body", "options", "code", "says"),
    [
        (None, [], 1, "cannot be read"),
        ("name\nA\n", [], 1, "neither an address nor a head with a column url"),
        ("http://x/1\n", ["--shard", "3/2"], 2, "--shard: '3/2' is no part such as 2/4"),
        ("http://x/1\n", ["--limit", "0"], 2, "--limit"),
        ("https://www.tfrrs.org/lists/1.html\n", ["--delay", "0.5"], 1, "www.tfrrs.org is asked once in 2 s"),
    ],
)
def test_what_pull_cannot_do_is_said_in_one_line(formguide, tmp_path, body, options, code, says):
    urls = tmp_path / "urls.csv"
    if body is not None:
        urls.write_text(body, encoding="utf-8")
    said = formguide("pull", "track", "--urls", urls, "--lake", tmp_path / "lake", *options)
    assert said.code == code and says in said.err and said.err.count("\n") == 1, said.err


def test_pull_wants_its_list(formguide):
    said = formguide("pull", "track")
    assert said.code == 2 and "--urls" in said.err
