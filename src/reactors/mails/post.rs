//! Handing mails to a server.

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::MailsConfig;
use super::message::Mail;
use crate::ConfigError;

/// A server that takes mails.
pub(super) struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
}

/// A mail that was refused. The server's text may contain addresses, so only its code is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) reason: String,
    /// Whether asking again would not help.
    pub(super) for_good: bool,
}

impl Post {
    pub(super) fn new(config: &MailsConfig) -> Result<Self, ConfigError> {
        let wrong = |what, reason: &str| ConfigError {
            what,
            reason: reason.to_owned(),
        };
        let sender = config.sender.parse();
        let sender = sender.map_err(|_| wrong("the sender of mails", "invalid address"))?;
        // The error's own text may hold the address, and with it a password.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(config.url.expose_secret())
            .map_err(|_| {
                wrong(
                    "the server of mails",
                    "invalid address: expected smtp://host:port",
                )
            })?;
        Ok(Self {
            transport: builder.timeout(Some(config.timeout)).build(),
            sender,
        })
    }

    /// Hands a mail to the server, and answers to how many people it goes. The id makes it known
    /// again when it comes twice.
    pub(super) async fn send(&self, mail: &Mail, id: Uuid) -> Result<u32, Refused> {
        let (message, recipients) = self.message(mail, id)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(recipients),
            Err(error) => Err(Refused {
                reason: kind(&error),
                for_good: error.is_permanent(),
            }),
        }
    }

    fn message(&self, mail: &Mail, id: Uuid) -> Result<(Message, u32), Refused> {
        let no = |reason: &str| Refused {
            reason: reason.to_owned(),
            for_good: true,
        };
        let domain = self.sender.email.domain();
        let mut builder = Message::builder()
            .from(self.sender.clone())
            .subject(mail.subject.as_str())
            .message_id(Some(format!("<{id}@{domain}>")))
            .header(ContentType::TEXT_PLAIN);
        let mut recipients = 0;
        // One address that makes no sense is no reason to keep it from the others.
        for recipient in mail
            .recipients
            .iter()
            .filter_map(|text| text.parse::<Mailbox>().ok())
        {
            builder = builder.to(recipient);
            recipients += 1;
        }
        if recipients == 0 {
            return Err(no("none of its recipients is an address"));
        }
        let message = builder.body(mail.body.clone());
        let mut message = message.map_err(|_| no("it cannot be written as a mail"))?;
        // Prevents out-of-office replies.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let automatic = HeaderValue::new(automatic, "auto-generated".to_owned());
        message.headers_mut().insert_raw(automatic);
        Ok((message, recipients))
    }
}

fn kind(error: &Error) -> String {
    if let Some(code) = error.status() {
        return format!("the server answered {code}");
    }
    let kind = if error.is_timeout() {
        "the server does not answer in time"
    } else if error.is_tls() {
        "the server's certificate is not accepted"
    } else if error.is_client() {
        "the server does not support what is required"
    } else {
        "the server cannot be reached"
    };
    kind.to_owned()
}
