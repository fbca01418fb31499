import Core
import Foundation
import GRDB

/// The ledger on disk: one SQLite file. Each change is one immediate transaction, so that processes that write at the
/// same time wait for each other and none overwrites what it has not seen.
public struct LedgerFile: Sendable {
    /// All that a ledger holds.
    public struct Contents: Sendable, Hashable {
        /// By time, then in the order of recording.
        public let entries: [LedgerEntry]
        /// The default one where none was set.
        public let budget: Budget
    }

    /// What became of one update.
    public struct Recorded: Sendable, Hashable {
        /// The entry before; nil where there was none.
        public let before: LedgerEntry?
        /// The entry now.
        public let entry: LedgerEntry
        /// Another entry of the very same bytes.
        public let twin: String?
    }

    /// The file, as it was named.
    public let path: String

    /// The ledger at `path`; nothing is opened yet.
    public init(path: String) {
        self.path = path
    }

    /// Reads everything.
    ///
    /// - Throws: `LedgerError`: 66 where there is no ledger, 65 where the file is none or is damaged, 1 where another
    ///   process holds it for half a minute.
    public func contents() throws -> Contents {
        guard FileManager.default.fileExists(atPath: path) else {
            throw LedgerError(
                Diagnosis(
                    .noInput, "there is no ledger", path: path,
                    nextStep: "submit ledger add begins one; --ledger names another file"))
        }
        return try translating(opening: .noInput) {
            try open().read { database in
                guard try LedgerSchema.isPresent(in: database, path: path) else {
                    return Contents(entries: [], budget: Budget())
                }
                return Contents(
                    entries: try LedgerSchema.entries(in: database, path: path),
                    budget: try LedgerSchema.budget(in: database, path: path) ?? Budget())
            }
        }
    }

    /// Records all of `updates` or, where one is refused, none; makes the ledger and its folder where missing.
    ///
    /// - Parameters:
    ///   - now: the time of entries that name none.
    ///   - force: whether a recorded public score is replaced by another one.
    /// - Returns: one an update, in their order.
    /// - Throws: `LedgerError`: 65 as `EntryUpdate` refuses or where the file is no ledger, 73 where it cannot be
    ///   written, 1 where another process holds it for half a minute; `FileError` (73) for the folder.
    @discardableResult
    public func record(_ updates: [EntryUpdate], now: Date = Date(), force: Bool = false) throws -> [Recorded] {
        // The ledger keeps whole seconds.
        let now = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        return try write { database in
            try updates.map { update in
                let before = try LedgerSchema.entry(of: update.file.path, in: database, path: path)
                let entry = try update.applied(to: before, now: now, force: force)
                if entry != before { try LedgerSchema.store(entry, in: database) }
                return Recorded(
                    before: before, entry: entry, twin: try LedgerSchema.twin(of: entry, in: database))
            }
        }
    }

    /// Records entries that came from another ledger; see `record(_:now:force:)`.
    @discardableResult
    public func record(_ entries: [LedgerEntry], force: Bool = false) throws -> [Recorded] {
        try record(entries.map(EntryUpdate.init), force: force)
    }

    /// Sets what is not nil of the budget; makes the ledger where missing.
    ///
    /// - Returns: the budget now.
    /// - Throws: as `record(_:now:force:)`.
    @discardableResult
    public func setBudget(perDay: Int?, zone: TimeZone?) throws -> Budget {
        try write { database in
            var budget = try LedgerSchema.budget(in: database, path: path) ?? Budget()
            budget.perDay = perDay ?? budget.perDay
            budget.zone = zone ?? budget.zone
            try LedgerSchema.store(budget, in: database)
            return budget
        }
    }

    /// One transaction; the tables are there when `body` runs.
    private func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try AtomicFile.createFolder(at: (path as NSString).deletingLastPathComponent)
        return try translating(opening: .cannotCreate) {
            try open().writeWithoutTransaction { database in
                var result: Result?
                try database.inTransaction(.immediate) {
                    if try !LedgerSchema.isPresent(in: database, path: path) {
                        try LedgerSchema.create(in: database)
                    }
                    result = try body(database)
                    return .commit
                }
                guard let result else { preconditionFailure("a transaction that was committed has run") }
                return result
            }
        }
    }

    private func open() throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(30)
        // SQLite takes names such as `:memory:` and `file:` for more than names, but no whole path.
        let folder = FileManager.default.currentDirectoryPath
        return try DatabaseQueue(
            path: (path as NSString).isAbsolutePath ? path : folder + "/" + path, configuration: configuration)
    }

    /// Runs `body`; SQLite's errors become the ledger's.
    ///
    /// - Parameter status: how the command ends where the file cannot be opened.
    private func translating<Result>(opening status: Core.ExitStatus, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            let reason = error.message ?? "\(error.resultCode)"
            let diagnosis =
                switch error.resultCode {
                // The SQL here is right: an error in it is a table or column that is not there.
                case .SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT, .SQLITE_ERROR:
                    damage(reason)
                case .SQLITE_BUSY, .SQLITE_LOCKED:
                    Diagnosis(
                        .failure, "another process holds the ledger: \(reason)", path: path,
                        nextStep: "run the command again once that process is done")
                case .SQLITE_CANTOPEN:
                    Diagnosis(
                        status, "cannot open the ledger: \(reason)", path: path,
                        nextStep: "check that its folder can be written and that no folder has this name")
                case .SQLITE_READONLY, .SQLITE_FULL, .SQLITE_PERM, .SQLITE_IOERR:
                    Diagnosis(
                        .cannotCreate, "cannot write the ledger: \(reason)", path: path,
                        nextStep: "check that the file and its folder can be written and that the disk has space")
                default: Diagnosis(.failure, "SQLite: \(reason)", path: path)
                }
            throw LedgerError(diagnosis)
        } catch is RowDecodingError {
            throw LedgerError(damage("a value of another type"))
        }
    }

    private func damage(_ reason: String) -> Diagnosis {
        Diagnosis(
            .badData, "the file is no ledger, or is damaged: \(reason)", path: path,
            expected: "an SQLite file that submit ledger made",
            nextStep: "bring a copy back, or import the CSV of an export into a new ledger")
    }
}
