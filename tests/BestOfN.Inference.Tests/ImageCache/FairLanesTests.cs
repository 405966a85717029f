using BestOfN.Inference.ImageCache;

namespace BestOfN.Inference.Tests.ImageCache;

public sealed class FairLanesTests
{
    private readonly object _many = new(), _few = new();

    [Fact]
    public void Requests_take_turns()
    {
        var lanes = new FairLanes(1, 1);
        var first = lanes.EnterAsync(_many, CancellationToken.None);
        Task[] rest = [.. Enumerable.Range(0, 3).Select(_ => lanes.EnterAsync(_many, CancellationToken.None))];
        var other = lanes.EnterAsync(_few, CancellationToken.None);
        Assert.True(first.IsCompleted);
        Assert.All(rest, r => Assert.False(r.IsCompleted));

        lanes.Leave(_many);
        Assert.True(MayRun(rest[0]));      // it came before the other request
        Assert.False(other.IsCompleted);
        lanes.Leave(_many);
        Assert.True(MayRun(other));        // the other's turn, though two more came before it
        Assert.False(rest[1].IsCompleted);
        lanes.Leave(_few);
        Assert.True(MayRun(rest[1]));
        lanes.Leave(_many);
        Assert.True(MayRun(rest[2]));
    }

    [Fact]
    public void A_request_never_takes_the_lanes_that_are_left_for_others()
    {
        var lanes = new FairLanes(3, 2);
        Task[] many = [.. Enumerable.Range(0, 5).Select(_ => lanes.EnterAsync(_many, CancellationToken.None))];
        Assert.Equal(2, many.Count(t => t.IsCompleted));
        Assert.True(lanes.EnterAsync(_few, CancellationToken.None).IsCompleted);
        Assert.False(lanes.EnterAsync(new object(), CancellationToken.None).IsCompleted);
    }

    [Fact]
    public async Task A_place_in_the_queue_can_be_given_up()
    {
        using var stop = new CancellationTokenSource();
        var lanes = new FairLanes(1, 1);
        await lanes.EnterAsync(_many, CancellationToken.None);
        var waiting = lanes.EnterAsync(_few, stop.Token);
        var behind = lanes.EnterAsync(_many, CancellationToken.None);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        lanes.Leave(_many);
        await behind;
        lanes.Leave(_many);
        await lanes.EnterAsync(_few, CancellationToken.None);
    }

    // The continuation of a place that was given runs on the thread pool.
    private static bool MayRun(Task task) => task.Wait(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
}
