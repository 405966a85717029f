using TorchSharp;

namespace BestOfN.Inference.Runtime;

/// <summary>Numbers that operators take beside tensors, held for the life of the process.</summary>
/// <remarks>
/// A <see cref="Scalar"/> is a native object with a finalizer. One that is made for a single call, as TorchSharp makes a 1 for every <c>a +
/// b</c>, is unreachable as soon as the call has begun: a garbage collection of another thread frees what the operator still reads, which
/// fails with "Expected false to be true" or computes with another number. So every scalar here is in a field or a <c>using</c>, sums name
/// their factor, and a test of the architecture reads the compiled code for any that is not. Thread-safe.
/// </remarks>
internal static class HeldScalar
{
    public static readonly Scalar One = 1;
}
