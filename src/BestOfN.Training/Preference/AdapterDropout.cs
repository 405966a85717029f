using BestOfN.Data.Sampling;
using static TorchSharp.torch;

namespace BestOfN.Training.Preference;

/// <summary>
/// Sets a share of an adapter's inputs to zero and enlarges the rest. The same pass gives the same zeros, however often it is computed.
/// </summary>
/// <param name="share">In 0..1, less than 1.</param>
/// <param name="pass">Names the pass: every one has zeros of its own.</param>
internal sealed class AdapterDropout(double share, ulong pass)
{
    /// <param name="x">[T, I].</param>
    /// <param name="layer">Which decoder layer.</param>
    /// <param name="place">Which of its linear layers.</param>
    public Tensor Apply(Tensor x, int layer, int place)
    {
        if (share == 0)
        {
            return x;
        }

        using var scope = NewDisposeScope();
        using var generator = new Generator(new SplitMix64(pass, (ulong)layer, (ulong)place).Next() >> 1, x.device);
        using TorchSharp.Scalar dropped = share, enlarged = 1 / (1 - share);
        var kept = rand(x.shape, device: x.device, generator: generator).ge(dropped);
        return (x * kept.to(x.dtype) * enlarged).MoveToOuterDisposeScope();
    }
}
