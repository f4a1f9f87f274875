"""The set-up link, an invitation, an authenticator: how the first people of a company come in.
Every step is looked at by axe as well.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect
from tests.browser.company import House, founded_empty, served
from tests.browser.looking import faults

ADMINS, MANAGERS = "a kettle that hums quietly", "seven herons over the weir"


@pytest.fixture
def untouched(tmp_path: Path) -> Iterator[House]:
    """A company that nobody has signed in to, and its set-up link."""
    with served(founded_empty(tmp_path / "company")) as found:
        yield found


def fill(page: Page, **fields: str) -> None:
    """Type into the fields of those labels."""
    for label, text in fields.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(text)


def test_the_first_admin_sets_up_and_invites_an_account_manager_who_signs_in_with_a_code(
    untouched: House, tab: Callable[..., Page]
) -> None:
    admin = tab(None, untouched)
    admin.goto(untouched.link)
    seen = faults(admin)
    fill(
        admin,
        **{"E-mail": "ada@example.com"},
        Name="Ada Lindgren",
        Password=ADMINS,
        The_same_once_more=ADMINS,
    )
    admin.get_by_role("button", name="Make the account").click()
    expect(admin.get_by_text("You can invite others under Settings.")).to_be_visible()
    admin.get_by_role("link", name="Settings").first.click()
    admin.get_by_role("link", name="People").click()
    fill(admin, **{"E-mail": "sam@example.com"}, Name="Sam Okafor")
    admin.get_by_label("Role", exact=True).select_option("account_manager")
    admin.get_by_role("button", name="Invite", exact=True).click()
    link = (
        admin.get_by_role("status", name=re.compile("Hand this link"))
        .locator("code, pre")
        .first.inner_text()
        .strip()
    )

    manager = tab(None, untouched)
    manager.goto(link)
    expect(manager.get_by_text("sam@example.com")).to_be_visible()
    fill(manager, Password=MANAGERS, The_same_once_more=MANAGERS)
    manager.get_by_role("button", name="Join").click()
    expect(manager.get_by_text("Welcome to Kampass.")).to_be_visible()
    expect(manager.get_by_role("link", name="My portfolio").first).to_be_visible()
    codes = authenticator(manager)
    seen += faults(manager)
    manager.get_by_label("Code", exact=True).fill(codes.now())
    manager.get_by_role("button", name="Switch it on").click()
    expect(manager.get_by_role("button", name="Switch it off")).to_be_visible()

    again = tab(None, untouched)
    again.goto("/overview")
    fill(again, **{"E-mail": "sam@example.com"}, Password=MANAGERS)
    again.get_by_role("button", name="Sign in").click()
    expect(again.get_by_text("Your password is right.")).to_be_visible()
    seen += faults(again)
    again.get_by_label("Code", exact=True).fill(codes.at(datetime.now(UTC) + timedelta(seconds=30)))
    again.get_by_role("button", name="Sign in").click()
    expect(again).to_have_url(f"{untouched.url}/overview")
    assert seen == []


def authenticator(page: Page) -> pyotp.TOTP:
    """Begin to switch a code on; what an app makes of the secret."""
    page.goto("/settings")
    code = page.locator("form", has=page.get_by_role("button", name="Switch it on"))
    code.get_by_label("Your password", exact=True).fill(MANAGERS)
    code.get_by_role("button", name="Switch it on").click()
    return pyotp.TOTP(page.locator("code").first.inner_text().replace(" ", ""))
