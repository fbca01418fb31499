import Core
import Testing

@Suite("Floats that are no numbers")
struct FinitenessTests {
    @Test(arguments: [Float.nan, -.nan, .signalingNaN, .infinity, -.infinity], [0, 6, 36])
    func isFoundWhereItStands(_ value: Float, _ place: Int) {
        var values = [Float](repeating: -1, count: 37)
        values[place] = value
        #expect(values.firstNonFinite == place)
    }

    @Test func theFirstOfSeveralIsTold() {
        #expect([1, 2, Float.infinity, .nan].firstNonFinite == 2)
    }

    @Test func theLargestAndTheSmallestAreFinite() {
        let most = Float.greatestFiniteMagnitude
        #expect([most, -most, 0, -0, .leastNonzeroMagnitude].firstNonFinite == nil)
        #expect([Float]().firstNonFinite == nil)
    }
}
