using BestOfN.Core.Prompts;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks;
using BestOfN.Inputs.Images;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.ImageCache;

[Collection(NativeMemory.Name)]
public sealed class ImageStoreTests : IDisposable
{
    private const int Vocabulary = 520;
    private const int Vectors = 841;

    private readonly RewardNetwork _network = NetworkLoader.RewardNetwork(GoldenFiles.Folder("ixc25-reward/image-1x1"), ScalarType.Float32,
        CPU);

    [Fact]
    public async Task Equal_images_have_equal_ids_and_are_prepared_once()
    {
        using var store = Store();
        var prepared = 0;
        Task<TiledImage> Prepare(CancellationToken _)
        {
            prepared++;
            return Task.FromResult(Image(1));
        }

        var (first, ready) = store.Lease(Key(1), this, Prepare);
        var (second, alsoReady) = store.Lease(Key(1), this, Prepare);
        await Task.WhenAll(ready, alsoReady);
        var (other, otherReady) = store.Lease(Key(2), this, Prepare);
        await otherReady;
        Assert.Same(first, second);
        Assert.Equal((Vocabulary, Vectors), (first.FirstId, first.Count));
        Assert.Equal(Vocabulary + Vectors, other.FirstId);
        Assert.Equal((2, 1, 2), (prepared, store.Hits, store.Misses));
        foreach (var image in (StoredImage[])[first, second, other])
        {
            store.Return(image);
        }

        Assert.Equal(0, store.Count);
    }

    [Fact]
    public void Ids_come_back_as_the_rows_and_vectors_they_stand_for()
    {
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        using var store = Store();
        var (a, b) = (store.Add(Image(1)), store.Add(Image(2)));
        store.Encode([a, b, a]);
        long[] ids = [5, a.FirstId + 3, a.FirstId + 4, b.FirstId, 7, a.FirstId + 840, b.FirstId, b.FirstId + 1];
        var taken = store.Take(ids)!;
        Assert.Equal([5, 0, 0, 0, 7, 0, 0, 0], ids);
        Assert.Equal([1, 2, 3, 5, 6, 7], taken.Rows.data<long>().ToArray());
        var (va, vb) = (_network.ImageEncoder!.Encode([Image(1)])[0], _network.ImageEncoder.Encode([Image(2)])[0]);
        var expected = stack([va[3], va[4], vb[0], va[840], vb[0], vb[1]]);
        Assert.InRange((taken.Vectors - expected).abs().max().item<float>(), 0, 1e-5f);
        Assert.Null(store.Take([1, 2, 519]));
        Assert.Throws<InvalidOperationException>(() => store.Take([b.FirstId + Vectors]));
        Assert.Equal(2, store.Encoded);
    }

    [Fact]
    public void When_ids_run_out_free_ones_are_used_again_but_never_those_that_a_prompt_mentions()
    {
        using var store = Store(lastId: Vocabulary + (3 * Vectors) - 1);
        var (a, b, c) = (store.Add(Image(1)), store.Add(Image(2)), store.Add(Image(3)));
        store.Mention([a]);
        store.Return(a);
        Assert.Throws<InvalidOperationException>(() => store.Add(Image(4)));   // one is mentioned, two are leased
        store.Return(b);
        Assert.Equal(b.FirstId, store.Add(Image(4)).FirstId);
        store.Unmention([a]);
        Assert.Equal(a.FirstId, store.Add(Image(5)).FirstId);
        store.Return(c);
        Assert.Equal(c.FirstId, store.Add(Image(6)).FirstId);
    }

    [Fact]
    public async Task A_failed_decoding_fails_every_request_that_waits_for_it_and_is_tried_again_for_the_next()
    {
        using var store = Store();
        var gate = new TaskCompletionSource<TiledImage>();
        var (first, one) = store.Lease(Key(1), this, _ => gate.Task);
        var (second, two) = store.Lease(Key(1), this, _ => gate.Task);
        gate.SetException(new ImageException("broken"));
        await Assert.ThrowsAsync<ImageException>(() => one);
        await Assert.ThrowsAsync<ImageException>(() => two);
        store.Return(first);
        store.Return(second);
        var (third, ready) = store.Lease(Key(1), this, _ => Task.FromResult(Image(1)));
        await ready;
        Assert.Equal(Vectors, third.Count);
    }

    [Fact]
    public async Task A_image_behind_sixteen_videos_of_another_request_is_prepared_at_once()
    {
        using var store = Store();
        var (many, few) = (new object(), new object());
        var videos = Enumerable.Range(0, 16).Select(i => store.Lease(Video(i), many, Unending)).ToList();
        var (image, ready) = store.Lease(Key(1), few, _ => Task.FromResult(Image(1)));
        await ready.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        var (video, seen) = store.Lease(Video(99), few, _ => Task.FromResult(Image(2)));
        await seen.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        videos.ForEach(v => store.Return(v.Image));
        store.Return(image);
        store.Return(video);
        Assert.All(videos, v => Assert.False(v.Ready.IsCompletedSuccessfully));
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public async Task A_decoding_that_no_request_waits_for_is_stopped_and_starts_again_for_the_next_request()
    {
        using var store = Store();
        var begun = new TaskCompletionSource<CancellationToken>();
        Task<TiledImage> Prepare(CancellationToken cancellationToken)
        {
            begun.SetResult(cancellationToken);
            return Unending(cancellationToken);
        }

        var (first, ready) = store.Lease(Video(1), this, Prepare);
        var (second, _) = store.Lease(Video(1), new object(), Prepare);
        var stop = await begun.Task;
        store.Return(first);
        Assert.False(stop.IsCancellationRequested);   // one still waits
        store.Return(second);
        Assert.True(stop.IsCancellationRequested);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ready);

        var (third, again) = store.Lease(Video(1), this, _ => Task.FromResult(Image(1)));
        await again;
        Assert.Equal(Vectors, third.Count);
        store.Return(third);
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public async Task The_least_recently_used_makes_room_and_what_is_leased_stays()
    {
        const long Bytes = Vectors * 32 * 4;
        using var store = Store(budget: 2 * Bytes);
        async Task<StoredImage> Lease(int i)
        {
            var (image, ready) = store.Lease(Key(i), this, _ => Task.FromResult(Image(i)));
            await ready;
            using var inference = inference_mode();   // it belongs to the thread, so nothing is awaited under it
            store.Encode([image]);
            return image;
        }

        var before = Tensor.TotalCount;
        var kept = await Lease(0);
        store.Return(await Lease(1));
        store.Return(await Lease(2));
        Assert.Equal((2 * Bytes, 1), (store.Bytes, store.Evictions));   // 1 went, not 0
        store.Return(await Lease(2));
        Assert.Equal(3, store.Encoded);
        store.Return(await Lease(1));
        Assert.Equal((4, 2), (store.Encoded, store.Evictions));
        store.Return(kept);
        store.Encode([]);
        Assert.Equal(before + 2, Tensor.TotalCount);
        store.Dispose();
        Assert.Equal(before, Tensor.TotalCount);
    }

    public void Dispose() => _network.Dispose();

    private static ImageKey Key(int i) => ImageKey.Of(new ImagePart(new byte[] { (byte)i }), 9);

    private static ImageKey Video(int i) => ImageKey.Of(new VideoPart(new byte[] { (byte)i }), 9);

    private static async Task<TiledImage> Unending(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new InvalidOperationException();
    }

    private static TiledImage Image(int seed)
    {
        var pixels = new byte[560 * 560 * 3];
        new Random(seed).NextBytes(pixels);
        return new TiledImage(new Image(560, 560, pixels), 560);
    }

    private ImageStore Store(long budget = 1 << 30, int lastId = int.MaxValue) =>
        new(_network.ImageEncoder!, _network.Decoder, Vocabulary, budget, lastId);
}
