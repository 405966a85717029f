using static TorchSharp.torch;

namespace BestOfN.Inference.Tests;

/// <summary>
/// 0, 1, 2, … as int64; <c>arange</c> makes numbers that nobody holds (see <see cref="BestOfN.Inference.Runtime.HeldScalar"/>).
/// </summary>
internal static class Positions
{
    public static Tensor Of(long count) => tensor(Enumerable.Range(0, (int)count).Select(i => (long)i).ToArray());
}
