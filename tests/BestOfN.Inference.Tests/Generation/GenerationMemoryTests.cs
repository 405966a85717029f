using BestOfN.Inference.Networks;
using static BestOfN.Inference.Tests.Generation.GenerationFixture;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Generation;

[Collection(NativeMemory.Name)]
public sealed class GenerationMemoryTests : IDisposable
{
    private readonly GenerationFixture _fixture = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_request_that_is_cancelled_ends_with_that_and_gives_its_memory_back()
    {
        var engine = _fixture.Engine();
        await All(engine.Start(Request("12/1", 1, Greedy(1)), Token));
        var before = await _fixture.Tensors();
        using var source = new CancellationTokenSource();
        var generation = engine.Start(Request("12/1", 4, new() { MaxTokens = 400 }), source.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var e in generation.Events.WithCancellation(Token))
            {
                await source.CancelAsync();
            }
        });
        Assert.Equal(before, await _fixture.Tensors());
    }

    [Fact]
    public async Task A_disposed_generation_gives_its_memory_back()
    {
        var engine = _fixture.Engine();
        await All(engine.Start(Request("12/1", 1, Greedy(1)), Token));
        var before = await _fixture.Tensors();
        var generation = engine.Start(Request("12/1", 4, new() { MaxTokens = 400 }), Token);
        await generation.Events.GetAsyncEnumerator(Token).MoveNextAsync();
        await generation.DisposeAsync();
        Assert.Equal(before, await _fixture.Tensors());
    }

    [Fact]
    public void A_model_whose_last_weight_cannot_be_prepacked_leaves_nothing_behind() => OnDevice(model =>
    {
        using var scope = NewDisposeScope();
        var layer = model.Decoder.Layers[^1];
        var down = ((PlainProjection)layer.Down).Parts[0];
        var broken = new DecoderLayer
        {
            Mode = layer.Mode,
            AttentionNorm = layer.AttentionNorm,
            FeedForwardNorm = layer.FeedForwardNorm,
            QueryKeyValue = layer.QueryKeyValue,
            IsGrouped = layer.IsGrouped,
            Output = layer.Output,
            GateUp = layer.GateUp,
            Down = new PlainProjection([down with { Weight = down.Weight.to(ScalarType.Float64) }], layer.Mode),
        };
        using var decoder = new Decoder(model.Decoder.Configuration, model.Decoder.Embedding, [.. model.Decoder.Layers.SkipLast(1), broken],
            layer.FeedForwardNorm, [], layer.Mode);
        using var unsound = new LanguageModel(decoder, model.Head.clone().DetachFromDisposeScope()) { Architecture = model.Architecture };
        using (var first = model.Prepack(4))
        {
            Assert.NotNull(first);          // what is kept for all models has been made
        }

        var before = Tensor.TotalCount;
        Assert.ThrowsAny<Exception>(() => unsound.Prepack(4));
        Assert.Equal(before, Tensor.TotalCount);
        return true;
    });

    [Fact]
    public async Task Thousands_of_generations_leave_nothing_behind()
    {
        var engine = _fixture.Engine();
        await All(engine.Start(Request("6/1", 2, new() { MaxTokens = 2 }), Token));
        var before = await _fixture.Tensors();
        for (var i = 0; i < 40; i++)
        {
            await Task.WhenAll(
                Enumerable.Range(0, 25)
                    .Select(j => All(
                        engine.Start(
                            Request($"{3 + (j % 5)}/{j}", 2,
                                new() { MaxTokens = 1 + (j % 3), TopP = j % 2 == 0 ? 0.9 : null, Logprobs = j % 4 == 0 }), Token))));
        }

        Assert.Equal(before, await _fixture.Tensors());
    }
}
