import Core
import PostProc

/// Random masks and maps of many kinds, from a seed.
struct RandomMaps {
    private var generator: SeededGenerator
    private let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
    }

    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    mutating func unit() -> Float { generator.nextUnitFloat() }

    /// A map of 1 to about 150 pixels a side: noise, strokes, boxes with holes, or their mixture.
    mutating func map() -> (width: Int, height: Int, values: [Float]) {
        let width = int(1...(int(0...1) == 0 ? 20 : 150))
        let height = int(1...(int(0...1) == 0 ? 20 : 110))
        var values = [Float](repeating: 0, count: width * height)
        let kind = int(0...5)
        let density = unit()
        for index in values.indices {
            switch kind {
            case 0: values[index] = unit() < density ? 0.5 + unit() / 2 : unit() * 0.3
            case 1: values[index] = unit()
            case 2: values[index] = 1
            default: values[index] = unit() * 0.1
            }
        }
        if kind >= 3 {
            for _ in 0..<int(1...14) { draw(&values, width, height) }
        }
        return (width, height, values)
    }

    /// A slanted box, a thin line or a hole.
    private mutating func draw(_ values: inout [Float], _ width: Int, _ height: Int) {
        let centerX = Float(int(-3...width + 3))
        let centerY = Float(int(-3...height + 3))
        let slope = int(0...2) == 0 ? 0 : unit() * 2 - 1
        let halfLength = 1 + unit() * Float(width) / 2
        let halfThickness = int(0...3) == 0 ? 0.6 : 1 + unit() * 8
        let level: Float = int(0...3) == 0 ? 0.05 : 0.4 + unit() * 0.6
        let isRagged = int(0...1) == 0
        for y in 0..<height {
            for x in 0..<width {
                let dx = Float(x) - centerX
                let dy = Float(y) - centerY
                let edge = isRagged ? unit() : 0
                if abs(dx + slope * dy) <= halfLength - edge && abs(dy - slope * dx) <= halfThickness + edge {
                    values[y * width + x] = level * (0.7 + 0.3 * unit())
                }
            }
        }
    }

    /// 1 to 60 points: scattered, on a line, on a small grid, or a walk of small steps.
    mutating func points() -> [MapPoint] {
        let kind = int(0...3)
        var x = int(-40...1000)
        var y = int(-40...1000)
        let stepX = int(-3...3)
        let stepY = int(-3...3)
        return (0..<int(1...60)).map { _ in
            switch kind {
            case 0:
                x = int(-50...1000)
                y = int(-50...1000)
            case 1:
                let step = int(-20...20)
                x += step * stepX
                y += step * stepY
            case 2:
                x = int(0...6)
                y = int(0...4)
            default:
                x += int(-4...4)
                y += int(-2...4)
            }
            return MapPoint(Int32(x), Int32(y))
        }
    }

    /// A simple star-shaped polygon of 3 to 24 corners.
    mutating func star() -> [MapPoint] {
        let count = int(3...24)
        let centerX = int(0...900)
        let centerY = int(0...900)
        let wide = int(8...160)
        let high = int(3...60)
        // Directions of rising angle without trigonometry: around a square.
        return (0..<count).map { index in
            let turn = Float(index) * 8 / Float(count)
            let side = turn.truncatingRemainder(dividingBy: 2) - 1
            let (ux, uy): (Float, Float) =
                switch Int(turn) / 2 {
                case 0: (side, -1)
                case 1: (1, side)
                case 2: (-side, 1)
                default: (-1, -side)
                }
            let reach = 0.35 + 0.65 * unit()
            return MapPoint(
                Int32(centerX) + Int32(ux * Float(wide) * reach), Int32(centerY) + Int32(uy * Float(high) * reach))
        }
    }
}
