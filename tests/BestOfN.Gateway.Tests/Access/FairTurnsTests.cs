using BestOfN.Gateway.Access;

namespace BestOfN.Gateway.Tests.Access;

public sealed class FairTurnsTests
{
    [Fact]
    public async Task A_free_place_goes_to_the_client_with_the_fewest_at_work()
    {
        var turns = new FairTurns(places: 3, placesPerClient: 3, queueLength: 10);
        var flood = new[] { await TakeAsync(turns, "a"), await TakeAsync(turns, "a"), await TakeAsync(turns, "b") };
        var secondOfA = turns.TakeAsync("a", TestGateway.Cancellation);
        var first = turns.TakeAsync("c", TestGateway.Cancellation);

        flood[0].Dispose();
        Assert.NotNull(await first);
        Assert.False(secondOfA.IsCompleted);
        flood[1].Dispose();
        Assert.NotNull(await secondOfA);
        Assert.Equal((3, 0), (turns.Working, turns.Waiting));
    }

    [Fact]
    public async Task Among_equals_clients_take_turns()
    {
        var turns = new FairTurns(1, 1, 10);
        var place = await TakeAsync(turns, "a");
        var order = new List<string>();
        Task[] waiting = [.. new[] { "b", "c", "b", "d" }.Select(async client =>
        {
            using var mine = await TakeAsync(turns, client);
            lock (order)
            {
                order.Add(client);
            }
        })];
        place.Dispose();
        await Task.WhenAll(waiting);
        Assert.Equal(["b", "c", "d", "b"], order);
        Assert.Equal((0, 0), (turns.Working, turns.Waiting));
    }

    [Fact]
    public async Task In_a_full_queue_the_newest_of_the_client_with_most_gives_way()
    {
        var turns = new FairTurns(1, 1, 2);
        var place = await TakeAsync(turns, "flood");
        var older = turns.TakeAsync("flood", TestGateway.Cancellation);
        var newer = turns.TakeAsync("flood", TestGateway.Cancellation);

        Assert.Null(await turns.TakeAsync("flood", TestGateway.Cancellation));
        var polite = turns.TakeAsync("polite", TestGateway.Cancellation);
        Assert.Null(await newer);
        place.Dispose();
        (await polite)!.Dispose();
        Assert.NotNull(await older);
    }

    [Fact]
    public async Task A_client_leaves_places_to_others_where_it_may_not_have_all()
    {
        var turns = new FairTurns(4, 3, 10);
        var flood = Enumerable.Range(0, 5).Select(_ => turns.TakeAsync("flood", TestGateway.Cancellation)).ToList();
        Assert.Equal((3, 2), (turns.Working, turns.Waiting));
        using var polite = await TakeAsync(turns, "polite");
        (await flood[0])!.Dispose();
        Assert.NotNull(await flood[3]);
        Assert.False(flood[4].IsCompleted);
    }

    [Fact]
    public async Task Whoever_gives_up_waiting_leaves_nothing_behind()
    {
        var turns = new FairTurns(1, 1, 1);
        var place = await TakeAsync(turns, "a");
        using var patience = new CancellationTokenSource();
        var waiting = turns.TakeAsync("b", patience.Token);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal((1, 0), (turns.Working, turns.Waiting));
        place.Dispose();
        place.Dispose();
        (await TakeAsync(turns, "b")).Dispose();
        Assert.Equal((0, 0), (turns.Working, turns.Waiting));
    }

    private static async Task<IDisposable> TakeAsync(FairTurns turns, string client)
    {
        var place = await turns.TakeAsync(client, TestGateway.Cancellation);
        Assert.NotNull(place);
        return place;
    }
}
