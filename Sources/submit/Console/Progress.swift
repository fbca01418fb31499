import Foundation

/// A progress line on stderr: description, bar, count, rate, time left; at most ten updates a second, none where
/// stderr is no terminal.
struct Progress {
    private let title: String
    private let total: Int
    private let isShown: Bool
    private let start = ContinuousClock.now
    private var last: ContinuousClock.Instant?
    private var skipped = 0

    /// - Parameters:
    ///   - skipped: items that were done before this run: they count, but not into the rate.
    init(_ title: String, total: Int, skipped: Int = 0, quiet: Bool) {
        self.title = title
        self.total = total
        self.skipped = skipped
        isShown = !quiet && isatty(STDERR_FILENO) == 1 && total > 0
    }

    /// Seconds since the start.
    var seconds: Double {
        let parts = start.duration(to: .now).components
        return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }

    /// Redraws the line for `done` items of the total.
    mutating func update(_ done: Int) {
        let now = ContinuousClock.now
        guard isShown, done == total || last.map({ $0.duration(to: now) >= .milliseconds(100) }) ?? true else { return }
        last = now
        let width = 24
        let filled = width * done / total
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        let rate = Double(done - skipped) / max(seconds, 1e-9)
        let left = rate > 0 ? Progress.clock(Double(total - done) / rate) : "--:--"
        draw("\(title) \(bar) \(done)/\(total)  \(String(format: "%.1f", rate))/s  \(left) left")
    }

    /// Clears the line.
    func finish() {
        draw("")
    }

    private func draw(_ text: String) {
        if isShown { FileHandle.standardError.write(Data(("\r\u{1B}[2K" + text).utf8)) }
    }

    /// `mm:ss`, or `h:mm:ss` from an hour on.
    static func clock(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded())
        return whole < 3600
            ? String(format: "%02d:%02d", whole / 60, whole % 60)
            : String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
    }
}
