//! `tallyman token`: API tokens.

use axum::http::Method;
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use crate::cli::arguments::{Format, Global};
use crate::cli::client::{Client, escaped};
use crate::cli::confirm::confirmed;
use crate::cli::{Exit, Failure, output};
use crate::config::Flags;

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Issue a token; it is shown once
    Create {
        /// The token's name
        name: String,
        /// The token's role
        #[arg(long, value_enum, default_value_t = Role::Reader)]
        role: Role,
        /// Limit it to these scopes, for example `events:read` [default: all of the role]
        #[arg(long = "scope")]
        scopes: Vec<String>,
        /// When it expires (RFC 3339) [default: never]
        #[arg(long)]
        expires_at: Option<String>,
        /// Reason for the change; stored with the event
        #[arg(long)]
        reason: Option<String>,
    },
    /// List tokens
    List,
    /// Revoke a token
    Revoke {
        /// Its id
        id: String,
        /// Reason for the change; stored with the event
        #[arg(long)]
        reason: Option<String>,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Read
    Reader,
    /// Requeue, rebuild, resubmit, end and kill runs
    Operator,
    /// Everything
    Admin,
}

const COLUMNS: [output::Column; 6] = [
    ("ID", "/id"),
    ("NAME", "/name"),
    ("ROLE", "/role"),
    ("ISSUED", "/issued_at"),
    ("EXPIRES", "/expires_at"),
    ("REVOKED", "/revoked_at"),
];

pub(crate) fn run(flags: &Flags, global: &Global, verb: Token) -> Result<(), Failure> {
    // The first token may be made before the first start.
    if matches!(verb, Token::Create { .. }) {
        return Client::through_or_make(flags, global, |client| request(client, global, verb));
    }
    Client::through(flags, global, |client| request(client, global, verb))
}

fn request(client: &Client, global: &Global, verb: Token) -> Result<(), Failure> {
    match verb {
        Token::Create {
            name,
            role,
            scopes,
            expires_at,
            reason,
        } => {
            let body = json!({
                "name": name,
                "role": word(role),
                "scopes": scopes,
                "expires_at": expires_at,
                "reason": reason,
            });
            let issued = client.request(Method::POST, "/v1/tokens", Some(&body))?;
            match (global.output, issued["secret"].as_str()) {
                // Alone on standard output, so that a script can take it.
                (Format::Table, Some(token)) => {
                    eprintln!(
                        "token {} (shown only now):",
                        issued["id"].as_str().unwrap_or("?")
                    );
                    println!("{token}");
                    Ok(())
                }
                (format, _) => output::one(format, &issued),
            }
        }
        Token::List => {
            let page = client.get("/v1/tokens?limit=1000")?;
            let rows = page["items"].as_array().cloned().unwrap_or_default();
            output::rows(global.output, &COLUMNS, &rows)
        }
        Token::Revoke { id, reason, yes } => {
            if !yes && !confirmed(&format!("revoke token {id}?"))? {
                return Err(Failure::message(
                    Exit::Failed,
                    "cancelled: nothing was revoked",
                ));
            }
            let body = json!({"reason": reason});
            let path = format!("/v1/tokens/{}", escaped(&id));
            client.request(Method::DELETE, &path, Some(&body))?;
            eprintln!("token {id} was revoked");
            Ok(())
        }
    }
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Reader => "reader",
        Role::Operator => "operator",
        Role::Admin => "admin",
    }
}
