using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Runtime;

public sealed class DeviceWorkerTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Work_runs_in_order_of_arrival_on_one_thread()
    {
        using var worker = new DeviceWorker(CPU);
        var order = new List<(int, int)>();
        await Task.WhenAll(
            Enumerable.Range(0, 200).Select(i => worker.RunAsync(() => order.Add((i, Environment.CurrentManagedThreadId)), Cancelled)));
        Assert.Equal(Enumerable.Range(0, 200), order.Select(o => o.Item1));
        Assert.Single(order.Select(o => o.Item2).Distinct());
    }

    [Fact]
    public async Task Work_that_is_cancelled_before_its_turn_does_not_run()
    {
        using var worker = new DeviceWorker(CPU);
        using var gate = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        var busy = worker.RunAsync(() => gate.Wait(Cancelled), Cancelled);
        var ran = false;
        var waiting = worker.RunAsync(() => ran = true, cancellation.Token);
        await cancellation.CancelAsync();
        gate.Set();
        await busy;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.False(ran);
    }

    [Fact]
    public async Task A_failure_reaches_its_caller_and_the_worker_goes_on()
    {
        using var worker = new DeviceWorker(CPU);
        var failure = await Assert.ThrowsAsync<InvalidDataException>(
            () => worker.RunAsync(() => throw new InvalidDataException("bad"), Cancelled));
        Assert.Equal("bad", failure.Message);
        Assert.Equal(7, await worker.RunAsync(() => 7, Cancelled));
    }

    [Fact]
    public async Task Tensors_made_by_work_end_with_it_and_need_no_gradient()
    {
        using var worker = new DeviceWorker(CPU);
        var (made, inference) = await worker.RunAsync(() => (ones(3), is_inference_mode_enabled()), Cancelled);
        Assert.True(made.IsInvalid);
        Assert.True(inference);
    }

    [Fact]
    public async Task Disposing_finishes_what_was_handed_over_and_refuses_the_rest()
    {
        var worker = new DeviceWorker(CPU);
        var ran = 0;
        var handedOver = Enumerable.Range(0, 10).Select(_ => worker.RunAsync(() => ran++, Cancelled)).ToArray();
        worker.Dispose();
        await Task.WhenAll(handedOver);
        Assert.Equal(10, ran);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => worker.RunAsync(() => ran++, Cancelled));
        worker.RunToEnd(() => ran = -1);
        Assert.Equal(-1, ran);
    }

    [Fact]
    public async Task Giving_back_from_the_workers_own_thread_does_not_wait_for_itself()
    {
        using var worker = new DeviceWorker(CPU);
        var ran = false;
        await worker.RunAsync(() => worker.RunToEnd(() => ran = true), Cancelled);
        Assert.True(ran);
    }
}
