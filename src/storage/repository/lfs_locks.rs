//! Locks of Git LFS on files.
