//! Files and notebooks of a workspace: `/api/2.0/workspace/…` and `/api/2.0/workspace-files/import-file/{path}`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/workspace>. `import-file` takes the raw bytes as body and the path
//! percent-encoded in the URL, without its leading slash; a body whose target ends in `.zip` is expanded beside it.

use super::{open_enum, wire};

wire! {
    /// `POST /api/2.0/workspace/mkdirs`.
    pub struct Mkdirs {
        /// Absolute path; missing parents are made, an existing directory is fine.
        pub path: String,
    }

    /// `POST /api/2.0/workspace/import`.
    pub struct Import {
        /// Absolute path.
        pub path: String,
        /// Base64 of the bytes, up to 10 MB.
        pub content: String,
        /// SOURCE, AUTO, RAW, JUPYTER, HTML, DBC.
        pub format: String,
        /// PYTHON, SQL, SCALA, R; needed for SOURCE.
        pub language: String,
        /// Whether what stands there is replaced.
        pub overwrite: Option<bool>,
    }

    /// `GET /api/2.0/workspace/get-status?path=…`.
    pub struct ObjectInfo {
        /// Epoch milliseconds.
        pub created_at: Option<i64>,
        /// Language of a notebook.
        pub language: String,
        /// Epoch milliseconds.
        pub modified_at: Option<i64>,
        /// Its id.
        pub object_id: Option<i64>,
        /// What it is.
        pub object_type: ObjectType,
        /// Absolute path.
        pub path: String,
        /// Its id, as text.
        pub resource_id: String,
        /// Bytes of a file.
        pub size: Option<i64>,
    }

    /// `GET /api/2.0/workspace/list?path=…`.
    pub struct ListObjects {
        /// What stands in the directory.
        pub objects: Vec<ObjectInfo>,
    }

    /// `GET /api/2.0/workspace/export?path=…&format=…`; with `direct_download=true` the answer is the raw bytes instead.
    pub struct Export {
        /// Base64 of the bytes.
        pub content: String,
        /// Suffix of the file.
        pub file_type: String,
    }

    /// `POST /api/2.0/workspace/delete`.
    pub struct Delete {
        /// Absolute path.
        pub path: String,
        /// Whether a directory that is not empty goes with what is in it.
        pub recursive: Option<bool>,
    }
}

open_enum! {
    /// What stands at a path.
    pub enum ObjectType {
        /// A directory.
        Directory = "DIRECTORY",
        /// A file.
        File = "FILE",
        /// A notebook.
        Notebook = "NOTEBOOK",
        /// A library.
        Library = "LIBRARY",
        /// A Git folder.
        Repo = "REPO",
        /// A dashboard.
        Dashboard = "DASHBOARD",
    }
}

/// The path of an `import-file` call for an absolute workspace path: each segment is percent-encoded.
pub fn import_file_path(path: &str) -> String {
    let encoded: Vec<String> = path.trim_start_matches('/').split('/').map(crate::segment).collect();
    format!("/api/2.0/workspace-files/import-file/{}", encoded.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_file_encodes_each_segment() {
        assert_eq!(
            import_file_path("/Workspace/Users/a@b.c/x y/é?.zip"),
            "/api/2.0/workspace-files/import-file/Workspace/Users/a%40b.c/x%20y/%C3%A9%3F.zip"
        );
    }
}
