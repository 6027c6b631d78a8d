//! `tunnel sql` as a person has it: a terminal of tmux, 60 and 100 columns wide.

use serde_json::json;

use crate::bench::tunnel_program;
use crate::cloud::Cloud;
use crate::terminal::{Terminal, widest};

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_written_completed_cancelled_and_remembered() {
    let cloud = Cloud::start().await;
    cloud.post("/api/2.0/sql/warehouses", json!({"name": "reports", "cluster_size": "Small"})).await;
    let terminal = Terminal::new(cloud.folder.path(), &cloud.tunnel("ada"));
    let program = format!("{} sql --host {}", tunnel_program().display(), cloud.endpoint.host);
    for columns in [60, 100] {
        terminal.begin(columns, 40, &program).await;
        terminal.waits_for("sql>").await;
        // Over several lines, with a result that fits.
        terminal.types(&["SELECT 1 AS one,", "Enter", " 'two' AS two;", "Enter"]).await;
        let shown = terminal.answers("one  two\n1    two\n", "sql>").await;
        assert!(shown.contains("(1 row, "), "{shown}");
        terminal.types(&["SELECT 1/0;", "Enter"]).await;
        terminal.answers("DIVIDE_BY_ZERO", "sql>").await;

        // What fits on no line stands below each other.
        let wide: Vec<String> = (0..30).map(|at| format!("{at} AS column_{at}")).collect();
        terminal.types(&[&format!("SELECT {};", wide.join(", ")), "Enter"]).await;
        let shown = terminal.answers("column_29  29", "sql>").await;
        assert!(shown.contains("-- 1 --"), "{shown}");

        // Names: a catalog's schema becomes the one that is meant, and a table's columns are known.
        terminal
            .types(&["CREATE OR REPLACE TABLE hive_metastore.default.trips AS SELECT 7 AS kilometres;", "Enter"])
            .await;
        terminal.answers("num_affected_rows", "sql>").await;
        terminal.types(&["USE hive_metastore.default;", "Enter"]).await;
        terminal.waits_for("hive_metastore.default>").await;
        terminal.types(&["SELECT kilo FROM tri", "Tab"]).await;
        terminal.waits_for("hive_metastore.default> SELECT kilo FROM trips").await;
        terminal.types(&["C-a", "M-f", "M-f", "Tab"]).await;
        terminal.waits_for("hive_metastore.default> SELECT kilometres FROM trips").await;
        terminal.types(&["C-e", ";", "Enter"]).await;
        terminal.answers("kilometres\n7\n", "hive_metastore.default>").await;

        // Ctrl-C ends a statement, and no more; then a line.
        let long = "SELECT count(*) FROM range(100000000000) a WHERE a.id % 7 = 3 AND sqrt(a.id) > 2;";
        terminal.types(&[long, "Enter"]).await;
        terminal.shows_words("the statement runs").await;
        terminal.types(&["C-c"]).await;
        terminal.answers("cancelling the statement", "hive_metastore.default>").await;
        terminal.types(&["SELECT nonsense", "C-c"]).await;
        terminal.types(&["exit", "Enter"]).await;
        let shown = terminal.waits_for("END").await;
        assert!(widest(&shown) <= usize::from(columns).max(long.len() + 30), "{shown}");
        terminal.end().await;
    }
    // What was written is there again; and nobody else reads it.
    terminal.begin(100, 40, &program).await;
    terminal.waits_for("sql>").await;
    terminal.types(&["Up", "Up", "Up"]).await;
    terminal.waits_for("sql> SELECT kilometres FROM trips;").await;
    terminal.types(&["C-c", "C-d"]).await;
    terminal.waits_for("END").await;
    terminal.end().await;
    let history = cloud.home("ada").join("sql_history");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(history).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    cloud.cloud.stop().await;
}
