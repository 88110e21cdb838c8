//! What the models had learnt at the checkpoint, cut into pieces that a table likes.

use ::allocation::Model;
use serde::{Deserialize, Serialize};
use tables::{KeyBuilder, Range};

use super::StrategyName;
use super::models::{Models, Registry, SavedModel};
use crate::engine::Rows;

const SNAPSHOT: u8 = b's';
const STATE: &[u8] = b"m";
const PIECE_BYTES: usize = 32 * 1024;

/// Everything except the states of the models, as it is persisted.
#[derive(Serialize, Deserialize)]
struct Saved {
    registry: Registry,
    models: Vec<SavedModel>,
}

/// Reads the snapshot, if there is one. Returns the reason when it is unusable: other settings make
/// another model, from the first event on.
pub(super) fn read(models: &mut Models, rows: &mut Rows<'_>) -> Result<(), String> {
    let Some(saved) = rows.get::<Saved>(STATE) else {
        return Ok(());
    };
    let pieces = rows.scan(Range::prefix(&[SNAPSHOT]));
    let mut pieces = pieces.into_iter().map(|(_, piece)| piece);
    for model in &saved.models {
        let pieces = pieces.by_ref().take(model.pieces as usize);
        let bytes: Vec<u8> = pieces.flat_map(|piece| piece.to_vec()).collect();
        let restored = model.restore(&bytes).map_err(|error| error.to_string())?;
        place(models, model, restored)?;
    }
    models.registry = saved.registry;
    Ok(())
}

/// Writes down what is held.
pub(super) fn write(models: &Models, rows: &mut Rows<'_>) {
    let before = rows.scan(Range::prefix(&[SNAPSHOT])).len();
    let mut saved = Vec::new();
    let mut after = 0;
    let configured = models.configured.values().map(|model| (None, model));
    let kept = models.kept.iter().map(|(id, model)| (Some(id), model));
    for (id, model) in configured.chain(kept) {
        let bytes = model.snapshot();
        let pieces = bytes.chunks(PIECE_BYTES);
        saved.push(SavedModel::of(id, model, pieces.len() as u64));
        for piece in pieces {
            rows.put_bytes(piece_key(after), piece.to_vec());
            after += 1;
        }
    }
    for number in after..before as u64 {
        rows.delete(piece_key(number));
    }
    let saved = Saved {
        registry: models.registry.clone(),
        models: saved,
    };
    rows.put(STATE, &saved);
}

/// Puts a model that was written down where it belongs.
fn place(models: &mut Models, saved: &SavedModel, model: Model) -> Result<(), String> {
    if let Some(id) = &saved.id {
        models.kept.insert(id.clone(), model);
        return Ok(());
    }
    let name = StrategyName::of(&model.training().settings);
    if *model.training() != models.settings.training(name) {
        return Err("the models were saved with other settings".to_owned());
    }
    models.configured.insert(name, model);
    Ok(())
}

fn piece_key(number: u64) -> Vec<u8> {
    KeyBuilder::new(SNAPSHOT).u64(number).build()
}
