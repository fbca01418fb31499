import CInference

/// Which tensors share memory: a sum is written over its summand, a concatenation's inputs stand inside it.
///
/// Tensors are added in the order of the steps that make them; `alias` puts an earlier one inside a later one.
struct TensorPlacement {
    /// A tensor of one image, as the kernels see it.
    struct Tensor {
        /// Channels of the network; the kernels see `padded`.
        var channels: Int
        var padded: Int
        var height: Int
        var width: Int
        var space = CInferenceArena
        var blocked = true
        var type = ElementType.float32
        /// Of bytes, or of an image that is rounded to bytes as it is read.
        var quantization: Quantization?
        /// Whether it is read as a part of the tensor that it lies in.
        var isPart = false

        var bytes: Int { padded * height * width * type.bytes }
    }

    private(set) var tensors: [Tensor] = []
    /// The tensor that a tensor lies in, and at which channel.
    private var parents: [(tensor: Int, channel: Int)?] = []
    /// The first and last step that touch a tensor itself.
    private var times: [(first: Int, last: Int)] = []

    /// Adds a tensor and returns its index.
    mutating func add(_ tensor: Tensor) -> Int {
        tensors.append(tensor)
        parents.append(nil)
        times.append((Int.max, -1))
        return tensors.count - 1
    }

    /// Says what the bytes of `tensor` stand for.
    mutating func quantize(_ tensor: Int, _ quantization: Quantization?) {
        tensors[tensor].quantization = quantization
    }

    /// Notes that step `step` reads or writes `tensor`.
    mutating func touch(_ tensor: Int, at step: Int) {
        times[tensor].first = min(times[tensor].first, step)
        times[tensor].last = max(times[tensor].last, step)
    }

    /// Whether `tensor` can be put inside another: it stands in the arena and nowhere else yet.
    func isFree(_ tensor: Int) -> Bool {
        parents[tensor] == nil && tensors[tensor].space == CInferenceArena && tensors[tensor].blocked
    }

    /// Puts `tensor` inside `host` from channel `channel` on.
    mutating func alias(_ tensor: Int, inside host: Int, channel: Int? = nil) {
        parents[tensor] = (host, channel ?? 0)
        tensors[tensor].isPart = channel != nil
    }

    /// The tensor whose memory `tensor` is part of, and the first channel there.
    func root(_ tensor: Int) -> (tensor: Int, channel: Int) {
        var place = (tensor: tensor, channel: 0)
        while let parent = parents[place.tensor] { place = (parent.tensor, place.channel + parent.channel) }
        return place
    }

    /// All tensors that lie inside `host`, itself included.
    func members(of host: Int) -> [Int] {
        tensors.indices.filter { index in
            var place = index
            while place != host, let parent = parents[place]?.tensor { place = parent }
            return place == host
        }
    }

    /// What a step is told of each tensor.
    var views: [CInferenceTensor] {
        tensors.enumerated().map { index, tensor in
            CInferenceTensor(
                index: Int32(index), type: tensor.type.code, blocked: tensor.blocked ? 1 : 0,
                channels: Int32(tensor.padded), height: Int32(tensor.height), width: Int32(tensor.width),
                scale: tensor.quantization?.scale ?? 1, zero: tensor.quantization?.zero ?? 0,
                part: tensor.isPart ? 1 : 0)
        }
    }

    /// Lays out the arena.
    ///
    /// - Parameter scratch: bytes of scratchpad that each step needs while it runs.
    /// - Returns: each tensor's place, the offset of each step's scratchpad, and the arena's size, in bytes.
    func resolve(scratch: [Int]) -> (places: [CInferencePlace], scratch: [Int64], bytes: Int) {
        var requests = scratch.enumerated().map { Arena.Request(size: $1, first: $0, last: $0) }
        var requestOfHost: [Int: Int] = [:]
        for index in tensors.indices where tensors[index].space == CInferenceArena && times[index].last >= 0 {
            let host = root(index).tensor
            let request = requestOfHost[host] ?? requests.count
            if request == requests.count {
                requestOfHost[host] = request
                requests.append(Arena.Request(size: tensors[host].bytes, first: Int.max, last: -1))
            }
            requests[request].first = min(requests[request].first, times[index].first)
            requests[request].last = max(requests[request].last, times[index].last)
        }
        // Whole vectors, and no two tensors on one cache line.
        let arena = Arena(requests, alignment: 256)
        let places = tensors.indices.map { index in
            let (tensor, place) = (tensors[index], root(index))
            let offset = requestOfHost[place.tensor].map { arena.offsets[$0] } ?? 0
            return CInferencePlace(
                offset: Int64(offset + place.channel * tensor.height * tensor.width * tensor.type.bytes),
                space: Int32(tensor.space))
        }
        return (places, arena.offsets.prefix(scratch.count).map(Int64.init), arena.size)
    }
}

/// What the elements of a tensor are.
enum ElementType: Sendable {
    case float32
    case bfloat16
    case uint8

    var bytes: Int {
        switch self {
        case .float32: 4
        case .bfloat16: 2
        case .uint8: 1
        }
    }

    /// The shim's name of the type.
    var code: Int32 {
        switch self {
        case .float32: Int32(CInferenceFloat32)
        case .bfloat16: Int32(CInferenceBfloat16)
        case .uint8: Int32(CInferenceUint8)
        }
    }
}
