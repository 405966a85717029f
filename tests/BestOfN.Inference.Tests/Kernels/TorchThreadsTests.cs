using System.Collections.Concurrent;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Kernels;

public sealed class TorchThreadsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void Every_part_is_run_once(int count) => OnTwoThreads(() =>
    {
        var runs = new int[count];
        TorchThreads.Run(count, i => Interlocked.Increment(ref runs[i]));
        Assert.All(runs, r => Assert.Equal(1, r));
    });

    [Fact]
    public void A_part_that_fails_fails_the_call() => OnTwoThreads(() =>
    {
        var failure = Assert.Throws<InvalidOperationException>(
            () => TorchThreads.Run(8, i => throw new InvalidOperationException($"part {i}")));
        Assert.StartsWith("part ", failure.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void The_parts_share_libtorchs_threads()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Another libtorch may have been built without OpenMP.");
        OnTwoThreads(() =>
        {
            // Neither part ends before the other has begun, however busy the machine is.
            using var both = new Barrier(2);
            var threads = new ConcurrentDictionary<int, bool>();
            TorchThreads.Run(2, _ =>
            {
                threads[Environment.CurrentManagedThreadId] = true;
                Assert.True(both.SignalAndWait(TimeSpan.FromMinutes(1)), "both parts were given to one thread");
            });
            Assert.Equal(2, threads.Count);
        });
    }

    [Fact]
    public void Rows_are_the_same_on_two_threads_as_on_one()
    {
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(3000, 70), randn(70));
        float[] Normed()
        {
            using var guard = inference_mode();
            using var inner = NewDisposeScope();
            return RowKernels.Norm(x, weight, 1e-5).data<float>().ToArray();
        }

        var alone = Normed();
        OnTwoThreads(() => Assert.Equal(alone, Normed()));
    }

    // Tests run on one thread each; a thread of its own may have two.
    private static void OnTwoThreads(Action test)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            var before = get_num_threads();
            set_num_threads(2);
            failure = Record.Exception(test);
            set_num_threads(before);
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }
}
