//! How fast are durable views? 100 k documents of 200 bytes, a million updates, a thousand to a batch.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use tables::{KeyBuilder, Overlay, Table, TableError, Tables};
use tables_lsm::{LsmConfig, LsmTables};

const DOCUMENTS: u64 = 100_000;
const DOCUMENT_BYTES: usize = 200;
const UPDATES: u64 = 1_000_000;
const BATCH: u64 = 1_000;
const PROBE: Duration = Duration::from_secs(2);

pub(crate) fn run(directory: &Path) -> anyhow::Result<()> {
    let directory = tempfile::tempdir_in(directory)?;
    let syncs = probe(directory.path())?;
    println!("disk: {syncs:.0} writes of 4 KiB with fdatasync a second");
    for every in [1, 20] {
        let path = directory.path().join(format!("views-{every}"));
        let (rate, worst, size) = update(&path, every)?;
        let batches = rate / BATCH as f64;
        println!(
            "{BATCH} to a batch, durable every {every}: {:.1} k updates/s, {:.3} batches per raw sync, \
             worst batch {} ms, {} MB on disk",
            rate / 1e3,
            batches / syncs,
            worst.as_millis(),
            size >> 20,
        );
    }
    Ok(())
}

/// How many small durable writes the disk does by itself, a second.
fn probe(directory: &Path) -> io::Result<f64> {
    let mut file = File::create(directory.join("probe"))?;
    let begun = Instant::now();
    let mut writes = 0_u32;
    while begun.elapsed() < PROBE {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        writes += 1;
    }
    Ok(f64::from(writes) / begun.elapsed().as_secs_f64())
}

/// Reads, changes and writes documents in a scattered order: updates a second, the longest batch,
/// and the bytes on disk afterwards.
fn update(path: &Path, persist_every: u64) -> Result<(f64, Duration, u64), TableError> {
    let tables = LsmTables::open(path, &LsmConfig::default())?.tables;
    let overlay = Overlay::new(tables.open("documents")?);
    let begun = Instant::now();
    let mut worst = Duration::ZERO;
    for batch in 0..UPDATES / BATCH {
        let batch_begun = Instant::now();
        let mut rows = overlay.rows();
        for update in 0..BATCH {
            // A multiplier without common factors visits every document, far apart.
            let document = (batch * BATCH + update).wrapping_mul(7_368_787) % DOCUMENTS;
            let key = KeyBuilder::new(b'd').u64(document).build();
            let mut bytes = match rows.get(&key)? {
                Some(found) => Vec::from(found),
                None => vec![0; DOCUMENT_BYTES],
            };
            bytes[0] = bytes[0].wrapping_add(1);
            rows.put(key, bytes);
        }
        rows.put([b'c'], batch.to_be_bytes().to_vec());
        rows.publish();
        drop(rows);
        overlay.commit()?;
        if (batch + 1) % persist_every == 0 {
            tables.persist()?;
        }
        worst = worst.max(batch_begun.elapsed());
    }
    let rate = UPDATES as f64 / begun.elapsed().as_secs_f64();
    let checked = overlay.get(&KeyBuilder::new(b'd').u64(0).build())?;
    assert!(checked.is_some_and(|bytes| u64::from(bytes[0]) == UPDATES / DOCUMENTS));
    Ok((rate, worst, tables.size_bytes()))
}
