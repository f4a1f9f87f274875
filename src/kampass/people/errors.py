"""What can be in a person's way: signing in, a link that does not count, a field that is not what
it should be.
"""

from dataclasses import dataclass, field

from kampass.access import NotAllowed, NotFound, NotSignedIn
from kampass.errors import DataError, KampassError, QuestionError


class SignInFailed(NotSignedIn):
    """E-mail, password or code do not fit; which of them, nobody is told."""

    code = "sign_in_failed"

    def __init__(self) -> None:
        super().__init__(
            "The e-mail, the password or the code is not right.",
            hint="Try again, or ask an administrator for a link to set a password.",
        )


@dataclass(frozen=True)
class FirstStep:
    """A right password: whose, the hash that it fitted, and a better one where that is old."""

    email: str
    fitted: str = field(repr=False)
    better: str | None = field(default=None, repr=False)


class NeedsCode(NotSignedIn):
    """The password is right, and the person's authenticator has the last word; `first_step` is
    what was proven.
    """

    code = "needs_code"

    def __init__(self, first_step: FirstStep) -> None:
        super().__init__(
            "A code is needed.", hint="Type the six digits that your authenticator shows."
        )
        self.first_step = first_step


class TooManyAttempts(KampassError):  # noqa: N818 - reads as a sentence at the raise
    """Signing in waits, for whoever tried too often; `seconds` says how long."""

    status = 429
    code = "too_many_attempts"

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"There were too many attempts. Wait for {seconds} seconds.",
            hint="A link from an administrator to set a password ends the wait.",
        )
        self.seconds = self.retry_after = seconds


class WeakPassword(QuestionError):  # noqa: N818 - reads as a sentence at the raise
    """A password that is guessed too easily."""

    code = "weak_password"


class BadField(QuestionError):  # noqa: N818 - reads as a sentence at the raise
    """Something typed that cannot be kept as it stands."""

    code = "bad_field"


class BadEmail(BadField):
    """No e-mail address."""

    code = "bad_email"

    def __init__(self) -> None:
        super().__init__(
            "That is no e-mail address.",
            hint="Write one such as ann@example.com, in plain letters, of at most 254 characters.",
        )


class EmailTaken(DataError):  # noqa: N818 - reads as a sentence at the raise
    """Somebody has that e-mail address already."""

    code = "email_taken"

    def __init__(self) -> None:
        super().__init__(
            "Somebody with that e-mail address is here already.",
            hint="Change that person, or use another address.",
        )


class LastAdmin(DataError):  # noqa: N818 - reads as a sentence at the raise
    """Nobody would be left to let people in."""

    code = "last_admin"

    def __init__(self) -> None:
        super().__init__(
            "This is the last administrator.", hint="Make somebody else an administrator first."
        )


class SetUpAlready(DataError):  # noqa: N818 - reads as a sentence at the raise
    """Somebody is here already, so nobody sets the workspace up."""

    code = "set_up_already"

    def __init__(self) -> None:
        super().__init__(
            "This workspace is set up already.",
            hint="Sign in, or ask an administrator for an invitation.",
        )


class TicketSpent(NotFound):
    """A link that was used, has run out, or never was one: nobody can tell which."""

    code = "ticket_spent"

    def __init__(self) -> None:
        super().__init__(
            "This link does not count any more: it works once, and for a limited time.",
            hint="Ask an administrator for another one.",
        )


class WrongCode(QuestionError):  # noqa: N818 - reads as a sentence at the raise
    """The code that should prove an authenticator does not."""

    code = "wrong_code"

    def __init__(self) -> None:
        super().__init__(
            "That is not the code that the authenticator shows.",
            hint="Scan the picture again, check the clock of the phone, and type the next code.",
        )


class SignInAgain(QuestionError):  # noqa: N818 - reads as a sentence at the raise
    """Somebody without a password proves that it is them by coming in afresh, and came in too long
    ago.
    """

    code = "sign_in_again"

    def __init__(self) -> None:
        super().__init__(
            "Sign in again first: an open browser alone makes no token.",
            hint="You have no password here, so that a sign-in of the last ten minutes counts.",
        )


class NotInvited(NotAllowed):
    """The provider vouches for somebody who has no account here."""

    code = "not_invited"

    def __init__(self) -> None:
        super().__init__(
            "You have no account here.",
            hint="Ask an administrator for an invitation to the address that your provider knows.",
        )


class IdentityTaken(NotAllowed):
    """The e-mail's account belongs to another identity of the same provider."""

    code = "identity_taken"

    def __init__(self) -> None:
        super().__init__(
            "This account is linked to another identity of your provider.",
            hint="An administrator can remove the account and invite you again.",
        )


class BadLayout(QuestionError):  # noqa: N818 - reads as a sentence at the raise
    """A dashboard's layout that cannot be kept."""

    code = "bad_layout"
