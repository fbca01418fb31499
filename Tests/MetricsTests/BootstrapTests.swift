import Core
import Metrics
import TestSupport
import Testing

/// Resampled means and percentiles against NumPy's on the same draws (Fixtures/Metrics/make_bootstrap.py).
@Suite struct BootstrapTests {
    @Test func equalsNumPyOnTheSameDraws() throws {
        let golden = try #require(try JSONValue(contentsOf: TestData.fixture("Metrics/bootstrap.json")).object)
        let rows = try #require(golden["rows"]?.array).map { ($0.array ?? []).compactMap(\.number) }
        let means = try #require(golden["means"]?.array).flatMap { ($0.array ?? []).compactMap(\.number) }
        let low = try #require(golden["low"]?.array).compactMap(\.number)
        let high = try #require(golden["high"]?.array).compactMap(\.number)
        #expect(rows.count == 63 && means.count == 1500 && low.count == 3 && high.count == 3)
        let bootstrap = Bootstrap(rows: rows, draws: 500, seed: 7)
        #expect(bootstrap.means.count == means.count)
        #expect(zip(bootstrap.means, means).allSatisfy { abs($0 - $1) < 1e-13 })
        for column in 0..<3 {
            #expect(abs(bootstrap.percentile(0.025, of: column) - low[column]) < 1e-13)
            #expect(abs(bootstrap.percentile(0.975, of: column) - high[column]) < 1e-13)
        }
        #expect(Bootstrap(rows: rows, draws: 500, seed: 8).means != bootstrap.means)
    }
}
