using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests;

public sealed class HeldTensorsTests
{
    [Fact]
    public void A_tensor_that_the_test_does_not_hold_outlives_a_collection()
    {
        var dropped = Drop();
        GC.Collect();
        Assert.True(dropped.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Drop() => new(ones(3));
}
