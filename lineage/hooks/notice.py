"""Sends a notice to Slack and by mail, by connection id; a channel that fails does not silence the other."""

import logging
from dataclasses import dataclass

from lineage.notice import Notice, as_blocks, as_text, escaped
from lineage.outcome import Message
from lineage.redaction import redact, redact_text

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeHook:
    """Where notices go. An empty connection id leaves that channel out."""

    slack_conn_id: str = "slack_default"
    smtp_conn_id: str = "smtp_default"
    to: tuple[str, ...] = ("data-oncall@ecompulse.example",)
    sender: str = "pipeline@ecompulse.example"

    def send(self, notice: Notice) -> tuple[Message, ...]:
        """What was sent.

        Raises:
            The last channel's error, when no channel took it.
        """
        sent: list[Message] = []
        failure: Exception | None = None
        for wanted, channel in ((self.slack_conn_id, self._slack), (self.smtp_conn_id, self._mail)):
            if not wanted:
                continue
            try:
                sent.append(channel(notice))
            except Exception as error:  # the edge: three client libraries, and the other channel must still be tried
                failure = error
                logger.warning("notice %r was not taken by %s: %s", notice.title, wanted, redact_text(str(error)))
        if failure is not None and not sent:
            raise failure
        return tuple(sent)

    def _slack(self, notice: Notice) -> Message:
        from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

        hook = SlackWebhookHook(slack_webhook_conn_id=self.slack_conn_id)
        hook.send(text=redact_text(as_text(notice)), blocks=redact({"blocks": as_blocks(notice)})["blocks"])
        logger.info("sent %r to Slack (%s)", notice.title, self.slack_conn_id)
        return Message(channel="slack", subject=notice.subject)

    def _mail(self, notice: Notice) -> Message:
        from airflow.providers.smtp.hooks.smtp import SmtpHook

        body = f'<pre style="font: 14px/1.4 monospace">{escaped(redact_text(as_text(notice)))}</pre>'
        with SmtpHook(smtp_conn_id=self.smtp_conn_id) as hook:
            hook.send_email_smtp(to=list(self.to), subject=notice.subject, html_content=body, from_email=self.sender)
        logger.info("sent %r by mail to %s", notice.title, ", ".join(self.to))
        return Message(channel="mail", subject=notice.subject)
