"""Commands about mail."""

from cyclopts import App

from conto.cli.common import CommandError, out, run, settings

mail_app = App(name="mail", help="Mail to customers and administrators.")


@mail_app.command(name="test")
def send_a_test(to: str, /) -> None:
    """Send a mail that says nothing but that it came, to see whether the settings are right.

    Parameters
    ----------
    to
        The address that it goes to.
    """
    from conto.settings import mail_address
    from conto.smtp import open_mailer, test_message

    mailer = open_mailer(settings())
    if mailer is None:
        raise CommandError("Mail is switched off: CONTO_SMTP_URL is not set.")

    try:
        mail_address(to)
    except ValueError as error:
        raise CommandError(f"{to!r} is not {error}.") from None

    async def send() -> None:
        refused = await mailer.send(test_message(mailer, to), [to])
        if refused:
            raise CommandError(f"Not sent: {refused[to].said}")
        out.print(f"{mailer.server.host} took the mail to {to}.", markup=False)

    run(send())
