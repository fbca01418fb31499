import Core
import Maps
import TestSupport
import Testing

@Suite struct GreyImageTests {
    @Test(arguments: [8, 16]) func writtenLevelsReadBackEqual(_ bitDepth: Int) throws {
        try TestData.withTemporaryFolder { folder in
            let highest = bitDepth == 8 ? 255 : 65535
            let image = GreyImage(
                width: 256, height: (highest + 1) / 256, bitDepth: bitDepth, levels: (0...highest).map(UInt16.init))
            try image.writePNG(to: folder + "/grey.png")
            let read = try GreyImage(pngAt: folder + "/grey.png")
            #expect(read == image)
            #expect(read.probabilities.values.last == 1 && read.probabilities.values[1] == 1 / Float(highest))
        }
    }

    @Test func interlacedLevelsAreInOrder() throws {
        for name in ["grey_8", "grey_16"] {
            let plain = try GreyImage(pngAt: TestData.fixture("Imaging/images/\(name).png"))
            let interlaced = try GreyImage(pngAt: TestData.fixture("Imaging/images/\(name)_interlaced.png"))
            #expect(plain == interlaced)
        }
    }
}
