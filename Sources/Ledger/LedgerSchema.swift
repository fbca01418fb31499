import Core
import Foundation
import GRDB

/// The ledger's tables: who reads and writes rows is here, when and for whom is `LedgerFile`'s.
enum LedgerSchema {
    /// Marks an SQLite file as a ledger: "SBLG".
    private static let applicationID = 0x5342_4C47
    private static let version = 1

    /// Whether the tables are there; false in an empty database.
    ///
    /// - Throws: `LedgerError` (65) where the file is another program's, or a later version's.
    static func isPresent(in database: Database, path: String) throws -> Bool {
        let mark = try Int.fetchOne(database, sql: "PRAGMA application_id")
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version")
        if mark == applicationID, found == version { return true }
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master")
        if mark == 0, found == 0, tables == 0 { return false }
        guard mark == applicationID else {
            throw LedgerError.badData(
                "the file is an SQLite database, but no ledger", path: path, expected: "a file that submit ledger made",
                nextStep: "name another file by --ledger")
        }
        throw LedgerError.badData(
            "the ledger is of another version", path: path, found: "version \(found ?? 0)",
            expected: "version \(version)",
            nextStep: "take the submit that made it")
    }

    static func create(in database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE entry (
                    id INTEGER PRIMARY KEY,
                    path TEXT NOT NULL UNIQUE,
                    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
                    images INTEGER NOT NULL CHECK (images >= 0),
                    boxes INTEGER NOT NULL CHECK (boxes >= 0),
                    seconds INTEGER NOT NULL,
                    public REAL CHECK (public BETWEEN 0 AND 1),
                    private REAL CHECK (private BETWEEN 0 AND 1),
                    local REAL CHECK (local BETWEEN 0 AND 1),
                    note TEXT,
                    settings TEXT,
                    checkpoint TEXT
                ) STRICT;
                CREATE TABLE budget (
                    id INTEGER PRIMARY KEY CHECK (id = 1),
                    per_day INTEGER NOT NULL CHECK (per_day > 0),
                    time_zone TEXT NOT NULL
                ) STRICT;
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(version);
                """)
    }

    // MARK: Entries

    /// By name: a column that a damaged schema lacks is then an error of SQLite's.
    private static let columns =
        "path, sha256, images, boxes, seconds, public, private, local, note, settings, checkpoint"

    static func entries(in database: Database, path: String) throws -> [LedgerEntry] {
        try Row.fetchAll(database, sql: "SELECT \(columns) FROM entry ORDER BY seconds, id")
            .map { try entry($0, path: path) }
    }

    static func entry(of name: String, in database: Database, path: String) throws -> LedgerEntry? {
        try Row.fetchOne(database, sql: "SELECT \(columns) FROM entry WHERE path = ?", arguments: [name])
            .map { try entry($0, path: path) }
    }

    /// The first other entry of the same bytes.
    static func twin(of entry: LedgerEntry, in database: Database) throws -> String? {
        try String.fetchOne(
            database, sql: "SELECT path FROM entry WHERE sha256 = ? AND path <> ? ORDER BY seconds, id LIMIT 1",
            arguments: [entry.sha256, entry.path])
    }

    /// Adds the entry, or replaces the one of its path.
    static func store(_ entry: LedgerEntry, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO entry (\(columns))
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (path) DO UPDATE SET
                    sha256 = excluded.sha256, images = excluded.images, boxes = excluded.boxes,
                    seconds = excluded.seconds, public = excluded.public, private = excluded.private,
                    local = excluded.local, note = excluded.note, settings = excluded.settings,
                    checkpoint = excluded.checkpoint
                """,
            arguments: [
                entry.path, entry.sha256, entry.images, entry.boxes, Int(entry.date.timeIntervalSince1970),
                entry.publicScore, entry.privateScore, entry.localScore, entry.note, entry.settings, entry.checkpoint,
            ])
    }

    private static func entry(_ row: Row, path: String) throws -> LedgerEntry {
        let seconds: Int = try value("seconds", of: row, path)
        guard LedgerDate.seconds.contains(seconds) else { throw damaged("seconds", of: row, path) }
        return LedgerEntry(
            path: try value("path", of: row, path), sha256: try value("sha256", of: row, path),
            images: try value("images", of: row, path), boxes: try value("boxes", of: row, path),
            date: Date(timeIntervalSince1970: Double(seconds)), publicScore: try score("public", of: row, path),
            privateScore: try score("private", of: row, path), localScore: try score("local", of: row, path),
            note: try optional("note", of: row, path), settings: try optional("settings", of: row, path),
            checkpoint: try optional("checkpoint", of: row, path))
    }

    // A damaged page can hold what the schema forbids, which a plain subscript would end the process for.

    private static func value<Value: DatabaseValueConvertible>(
        _ column: String, of row: Row, _ path: String
    ) throws -> Value {
        guard let value = Value.fromDatabaseValue(row[column]) else { throw damaged(column, of: row, path) }
        return value
    }

    private static func optional<Value: DatabaseValueConvertible>(
        _ column: String, of row: Row, _ path: String
    ) throws -> Value? {
        row[column] as DatabaseValue == .null ? nil : try value(column, of: row, path)
    }

    private static func score(_ column: String, of row: Row, _ path: String) throws -> Double? {
        let score: Double? = try optional(column, of: row, path)
        if let score, !(0...1).contains(score) { throw damaged(column, of: row, path) }
        return score
    }

    private static func damaged(_ column: String, of row: Row, _ path: String) -> LedgerError {
        LedgerError.badData(
            "the ledger is damaged", path: path, place: column, found: "\(row)", expected: "another value",
            nextStep: "bring a copy back, or import the CSV of an export into a new ledger")
    }

    // MARK: Budget

    static func budget(in database: Database, path: String) throws -> Budget? {
        guard let row = try Row.fetchOne(database, sql: "SELECT per_day, time_zone FROM budget") else { return nil }
        let name: String = try value("time_zone", of: row, path)
        guard let zone = try? Budget.zone(named: name) else {
            throw LedgerError.badData(
                "the ledger's time zone is not known here", path: path, place: "time_zone", found: name)
        }
        return Budget(perDay: try value("per_day", of: row, path), zone: zone)
    }

    static func store(_ budget: Budget, in database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO budget (id, per_day, time_zone) VALUES (1, ?, ?)",
            arguments: [budget.perDay, budget.zone.ledgerName])
    }
}
