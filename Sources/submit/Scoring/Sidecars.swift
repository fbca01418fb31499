import Core
import Maps
import Submission

extension PredictionSidecar.Source {
    /// A map store as a source.
    ///
    /// - Throws: `MapsError` (65) where a map cannot be looked at.
    init(_ store: MapStore) throws {
        let hash = store.provenance.checkpointSHA256
        self.init(
            path: store.path, sha256: try store.fingerprint(), checkpoints: [store.provenance.checkpoint],
            checkpointSHA256: hash.isEmpty ? nil : hash)
    }
}
