//! JSON that nests too deep is refused before anything recurses into it.

/// How deep JSON from outside may nest.
pub const JSON_DEPTH_MAX: usize = 64;

/// Whether a JSON text nests no deeper than [`JSON_DEPTH_MAX`].
///
/// # Errors
/// The offset of the byte that goes too deep.
pub fn check_depth(text: &[u8]) -> Result<(), usize> {
    // Nearly every body has fewer brackets than that altogether, and counting them is ten times as
    // fast as following the strings.
    if text.iter().filter(|&&b| b == b'{' || b == b'[').count() <= JSON_DEPTH_MAX {
        return Ok(());
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (offset, &byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                if depth > JSON_DEPTH_MAX {
                    return Err(offset);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}
