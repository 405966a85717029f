namespace BestOfN.Inference.Folders;

/// <summary>Bytes computed from shapes; what a pass needs while it runs comes on top.</summary>
/// <param name="WeightsFloat32">All weights used, 4 bytes each.</param>
/// <param name="WeightsBFloat16">All weights used, 2 bytes each.</param>
/// <param name="KeysAndValuesFloat32">Keys and values of 1000 tokens in float32.</param>
/// <param name="KeysAndValuesBFloat16">Keys and values of 1000 tokens in bfloat16.</param>
public sealed record MemoryNeeds(long WeightsFloat32, long WeightsBFloat16, long KeysAndValuesFloat32, long KeysAndValuesBFloat16);
