//! The objects of an answer, written one after another, so that a page of long scripts or logs is
//! not held twice.
//!
//! Memory is reserved in the budget of responses before each part is written. When it is full the
//! request gets 503 with `Retry-After`, after which workers and browsers repeat it, and the parts
//! written so far are dropped. Few large answers are written at a time, so that these are finished
//! instead of taking the budget from each other.

use tokio::sync::OwnedSemaphorePermit;
use web::Charge;

use super::Shown;
use crate::answer;
use crate::refusal::Reply;
use crate::visit::Visit;

/// The most bytes of objects in one answer, but for the first of them. A page that would have more
/// is shorter, and its `meta.limit` and `meta.next` say so.
const OBJECTS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Answers of more bytes than this are large.
const SMALL_BYTES_MAX: usize = 256 * 1024;

/// Objects as JSON.
pub(super) struct Written {
    text: Vec<u8>,
    /// How many objects there are in the text.
    pub(super) count: u64,
    /// Whether there would be more than fit.
    pub(super) is_cut: bool,
    charge: Charge,
    large: Option<OwnedSemaphorePermit>,
}

impl Written {
    /// Writes these, as far as they fit into one answer.
    ///
    /// # Errors
    /// 503 when answers that wait to be read fill the budget.
    pub(super) async fn of<S: Shown>(visit: &Visit<'_>, rows: &[S::Row]) -> Reply<Self> {
        let mut written = Self {
            text: b"[".to_vec(),
            count: 0,
            is_cut: false,
            charge: visit.app.responses.reserve(0)?,
            large: None,
        };
        for some in rows.chunks(S::AT_ONCE) {
            if written.large.is_none() && written.text.len() > SMALL_BYTES_MAX {
                written.large = visit.dialect.large_answer().await;
            }
            for object in S::objects(visit, some).await? {
                written.add(&answer::write(&object)?)?;
                if written.is_cut {
                    return Ok(written);
                }
            }
        }
        Ok(written)
    }

    fn add(&mut self, object: &[u8]) -> Reply<()> {
        self.is_cut = self.count > 0 && self.text.len() + object.len() > OBJECTS_BYTES_MAX;
        if self.is_cut {
            return Ok(());
        }
        self.charge.grow(object.len())?;
        let separator: &[u8] = if self.count > 0 { b", " } else { b"" };
        self.text.extend_from_slice(separator);
        self.text.extend_from_slice(object);
        self.count += 1;
        Ok(())
    }

    /// The JSON array. From here on the gate counts it as a part of the response.
    pub(super) fn into_text(mut self) -> Vec<u8> {
        self.text.push(b']');
        self.text
    }
}
