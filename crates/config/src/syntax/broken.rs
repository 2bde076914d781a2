//! Broken files: what is reported, and where reading goes on.
