//! Files that somebody names: read whole, if they are files, and of a size that makes sense.

use std::fs::{self, File, FileType};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Longer than anything that is meant to be read here.
const LONGEST: u64 = 64 << 20;

/// What is in a file. Whatever else has a name in a file system may have no end, or wait for ever.
///
/// # Errors
/// It is no file, or cannot be read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let kind = fs::metadata(path)?.file_type();
    if !kind.is_file() {
        let what = what(kind);
        return Err(io::Error::new(ErrorKind::InvalidInput, format!("it is {what}, and must be a file")));
    }
    whole(File::open(path)?)
}

/// All that comes from somewhere, up to a length.
///
/// # Errors
/// It cannot be read, or does not end.
pub fn whole(from: impl Read) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    from.take(LONGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LONGEST {
        let reason = format!("it is longer than {} MB", LONGEST >> 20);
        return Err(io::Error::new(ErrorKind::FileTooLarge, reason));
    }
    Ok(content)
}

fn what(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if kind.is_dir() { "a directory" } else { "something else" }
}
