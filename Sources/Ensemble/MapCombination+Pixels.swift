import Foundation

extension MapCombination {
    /// A map's values and its source's weight, above 0.
    typealias Weighted = (values: [Float], weight: Double)
}

extension MapCombination.Rule {
    /// The combined pixels of maps of one size.
    func pixels(_ maps: [MapCombination.Weighted]) -> [Float] {
        let total = maps.reduce(0) { $0 + $1.weight }
        switch self {
        case .mean: return weightedSum(maps) { Double($0) }.map { Float($0 / total) }
        case .geometric: return weightedSum(products(maps), log).map { Float(exp($0 / total)) }
        case .max: return orderStatistic(maps.map(\.values), places: (maps.count - 1, maps.count - 1))
        case .median: return orderStatistic(maps.map(\.values), places: ((maps.count - 1) / 2, maps.count / 2))
        }
    }

    @inline(__always)
    private func weightedSum<Value>(
        _ maps: [(values: [Value], weight: Double)], _ term: (Value) -> Double
    ) -> [Double] {
        var sums = [Double](repeating: 0, count: maps[0].values.count)
        for (values, weight) in maps {
            values.withUnsafeBufferPointer { values in
                sums.withUnsafeMutableBufferPointer { sums in
                    for pixel in sums.indices { sums[pixel] += weight * term(values[pixel]) }
                }
            }
        }
        return sums
    }

    /// Products of maps, so that fewer logarithms are taken, which cost most: of up to six where all have one weight.
    /// That of more could be 0.
    private func products(
        _ maps: [MapCombination.Weighted]
    ) -> [(values: [Double], weight: Double)] {
        let most = maps.allSatisfy { $0.weight == maps[0].weight } ? 6 : 1
        return stride(from: 0, to: maps.count, by: most).map { start in
            var products = maps[start].values.map { Double($0) }
            for (values, _) in maps[start..<min(start + most, maps.count)].dropFirst() {
                values.withUnsafeBufferPointer { values in
                    products.withUnsafeMutableBufferPointer { products in
                        for pixel in products.indices { products[pixel] *= Double(values[pixel]) }
                    }
                }
            }
            return (products, maps[start].weight)
        }
    }

    /// At each pixel the mean of the values at two places of their ascending order.
    private func orderStatistic(_ maps: [[Float]], places: (Int, Int)) -> [Float] {
        let count = maps[0].count
        // So many pixels at a time that all maps' stay in the cache, sorted by odd-even transposition (Habermann, 1972).
        let block = 1024
        var sorted = [Float](repeating: 0, count: maps.count * block)
        return [Float](unsafeUninitializedCapacity: count) { result, initialized in
            sorted.withUnsafeMutableBufferPointer { sorted in
                let rows = maps.indices.map {
                    UnsafeMutableBufferPointer(rebasing: sorted[$0 * block..<($0 + 1) * block])
                }
                for start in stride(from: 0, to: count, by: block) {
                    let pixels = start..<min(start + block, count)
                    for (row, map) in zip(rows, maps) { _ = row.update(fromContentsOf: map[pixels]) }
                    for pass in maps.indices {
                        for low in stride(from: pass % 2, to: maps.count - 1, by: 2) {
                            Self.order(rows[low], rows[low + 1])
                        }
                    }
                    let (low, high) = (rows[places.0], rows[places.1])
                    for pixel in pixels { result[pixel] = (low[pixel - start] + high[pixel - start]) / 2 }
                }
            }
            initialized = count
        }
    }

    /// Exchanges the values of each place of the two that are not in order.
    private static func order(_ low: UnsafeMutableBufferPointer<Float>, _ high: UnsafeMutableBufferPointer<Float>) {
        for place in low.indices {
            let (one, other) = (low[place], high[place])
            low[place] = Swift.min(one, other)
            high[place] = Swift.max(one, other)
        }
    }
}
