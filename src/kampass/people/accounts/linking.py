"""Coming in through an OpenID provider: the pair of issuer and subject is the person, the e-mail
only introduces them once.

An address that the provider has given to somebody else since opens nothing: a person has one
identity of each issuer.
"""

import sqlalchemy as sa

from kampass.people import text
from kampass.people.accounts import person
from kampass.people.accounts.person import Person
from kampass.people.database import PeopleDatabase
from kampass.people.errors import BadEmail, IdentityTaken, NotInvited
from kampass.people.schema import IDENTITIES, PERSONS

_LONGEST = 1000


def link(database: PeopleDatabase, issuer: str, subject: str, email: str) -> Person:
    """The person of an identity, linked by the e-mail where it is seen for the first time."""
    issuer, subject = (text.line(part, "identity", longest=_LONGEST) for part in (issuer, subject))
    with database.in_turn() as connection:
        known = sa.select(IDENTITIES.c.person_id).where(
            IDENTITIES.c.issuer == issuer, IDENTITIES.c.subject == subject
        )
        found = person.find(connection, PERSONS.c.id.in_(known))
        return found or _introduced(connection, (issuer, subject), email, database.now_text())


def _introduced(
    connection: sa.Connection, identity: tuple[str, str], email: str, at: str
) -> Person:
    try:
        found = person.find(connection, PERSONS.c.email == text.email(email))
    except BadEmail:
        found = None
    if found is None:
        raise NotInvited
    issuer, subject = identity
    if connection.execute(
        sa.select(IDENTITIES).where(
            IDENTITIES.c.issuer == issuer, IDENTITIES.c.person_id == found.id
        )
    ).first():
        raise IdentityTaken
    connection.execute(
        sa.insert(IDENTITIES).values(
            issuer=issuer, subject=subject, person_id=found.id, linked_at=at
        )
    )
    return found
