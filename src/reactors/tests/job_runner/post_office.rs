//! A mail server that accepts every mail, or answers what a test wants.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::farm::PATIENCE;

/// A mail as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) recipients: Vec<String>,
    pub(crate) text: String,
}

impl Letter {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> &str {
        let prefix = format!("{name}: ");
        let mut lines = self.text.lines();
        lines.find_map(|line| line.strip_prefix(&prefix)).unwrap()
    }
}

#[derive(Default)]
struct Box_ {
    letters: Vec<Letter>,
    answers: VecDeque<&'static str>,
}

pub(crate) struct PostOffice {
    pub(crate) url: String,
    state: Arc<Mutex<Box_>>,
    changed: watch::Receiver<()>,
    _task: JoinSet<()>,
}

impl PostOffice {
    /// One that answers each mail with the next of these, and takes all that come after.
    pub(crate) async fn open(answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(Box_ {
            answers: answers.iter().copied().collect(),
            ..Box_::default()
        }));
        let (tell, changed) = watch::channel(());
        let mut task = JoinSet::new();
        let here = Arc::clone(&state);
        task.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let _ = serve(stream, &here, &tell).await;
            }
        });
        Self {
            url,
            state,
            changed,
            _task: task,
        }
    }

    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.state.lock().letters.clone()
    }

    /// Waits until so many mails have come.
    pub(crate) async fn until(&self, count: usize) -> Vec<Letter> {
        let mut changed = self.changed.clone();
        let waiting = async {
            while self.letters().len() < count {
                changed.changed().await.unwrap();
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("{count} mails come"));
        self.letters()
    }
}

async fn serve(
    stream: TcpStream,
    state: &Mutex<Box_>,
    tell: &watch::Sender<()>,
) -> std::io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    writing.write_all(b"220 here\r\n").await?;
    let mut recipients = Vec::new();
    while let Some(line) = lines.next_line().await? {
        let answer = match line.get(..4).unwrap_or_default() {
            "EHLO" => "250-here\r\n250 8BITMIME\r\n",
            "RCPT" => {
                recipients.push(line.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                "250 yes\r\n"
            }
            "DATA" => {
                writing.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    text.push('\n');
                }
                let recipients = std::mem::take(&mut recipients);
                let mut state = state.lock();
                let answer = state.answers.pop_front().unwrap_or("250 taken\r\n");
                if answer.starts_with('2') {
                    state.letters.push(Letter { recipients, text });
                }
                drop(state);
                tell.send_replace(());
                answer
            }
            "QUIT" => {
                writing.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 yes\r\n",
        };
        writing.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}
