using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inputs.Images;
using static TorchSharp.torch;

namespace BestOfN.Inference.ImageCache;

/// <summary>
/// Gives the vectors of images ids of their own, at and above the vocabulary, so that a prompt with images is a list of ids like any
/// other. Equal images have equal ids, and are decoded and encoded once.
/// </summary>
/// <remarks>
/// Leasing and returning are thread-safe; what touches tensors (<see cref="Encode"/>, <see cref="Take"/>, <see cref="Trim"/>,
/// <see cref="Dispose"/>) belongs to the device's thread. A leased image keeps its vectors. Others keep them under the memory budget,
/// least recently used out first; ids stay reserved while a kept prompt state mentions them, and come into use again as late as possible.
/// The encoder stays the caller's.
/// </remarks>
public sealed class ImageStore : IDisposable
{
    // Global views and tiles in one run of the vision encoder: more is no faster and takes more memory.
    private const int ViewsPerRun = 64;

    private const string Abandoned = "Nobody waits for the picture any more.";

    private readonly Lock _gate = new();

    // Videos, which may take a minute each, have lanes of their own, and one request never all of them: images and the videos of others
    // do not wait behind them.
    private readonly FairLanes _imageLanes = new(Environment.ProcessorCount, Environment.ProcessorCount);
    private readonly FairLanes _videoLanes = new(Math.Max(2, Environment.ProcessorCount), Math.Max(1, Environment.ProcessorCount / 2));
    private readonly Dictionary<ImageKey, StoredImage> _byKey = [];
    private readonly ImageIds _ids;
    private readonly ImageEncoder _encoder;
    private readonly Decoder _decoder;
    private readonly int _firstId;
    private readonly long _budget;
    private long _uses;
    private long _bytes;
    private long _hits;
    private long _misses;
    private long _evictions;
    private long _encoded;

    /// <param name="encoder">Makes vectors of images.</param>
    /// <param name="decoder">Reads them.</param>
    /// <param name="firstId">Above all ids of the vocabulary and of the tokenizer.</param>
    /// <param name="budget">Bytes for the vectors of images.</param>
    /// <param name="lastId">The largest id handed out.</param>
    public ImageStore(ImageEncoder encoder, Decoder decoder, int firstId, long budget, int lastId = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(decoder);
        ArgumentOutOfRangeException.ThrowIfLessThan(firstId, decoder.Configuration.VocabularySize);
        (_encoder, _decoder, _firstId, _budget, _ids) = (encoder, decoder, firstId, budget, new ImageIds(firstId, lastId));
    }

    /// <summary>Memory of vectors.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Leases of images that were there already.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Leases of images that had to be decoded.</summary>
    public long Misses => Interlocked.Read(ref _misses);

    /// <summary>Images whose vectors made room for others.</summary>
    public long Evictions => Interlocked.Read(ref _evictions);

    /// <summary>Images that went through the vision encoder.</summary>
    public long Encoded => Interlocked.Read(ref _encoded);

    /// <summary>Images with ids.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _ids.Images.Count;
            }
        }
    }

    /// <summary>An image by content. To be given back with <see cref="Return"/>, whatever becomes of it.</summary>
    /// <param name="key">Its content.</param>
    /// <param name="request">For whom: requests take turns.</param>
    /// <param name="prepare">Decodes and tiles it, where nobody did; on the thread pool. Cancelled when nobody leases the image any
    /// more.</param>
    /// <returns>The image, and when its ids are known. That fails with what <paramref name="prepare"/> throws.</returns>
    public (StoredImage Image, Task Ready) Lease(ImageKey key, object request, Func<CancellationToken, Task<TiledImage>> prepare)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(prepare);
        lock (_gate)
        {
            if (!_byKey.TryGetValue(key, out var image))
            {
                _byKey.Add(key, image = new StoredImage(key));
            }

            image.Leases++;
            image.LastUse = ++_uses;
            if (image.Preparation is not null)
            {
                _hits++;
            }
            else
            {
                _misses++;
                var stop = image.Stop = new CancellationTokenSource();
                image.Preparation = Task.Run(() => PrepareAsync(image, request, prepare, stop));
            }

            return (image, image.Preparation);
        }
    }

    /// <summary>An image that is tiled already and shared with nobody; it, too, is to be given back.</summary>
    /// <exception cref="InvalidOperationException">All ids are in use.</exception>
    public StoredImage Add(TiledImage tiled)
    {
        ArgumentNullException.ThrowIfNull(tiled);
        lock (_gate)
        {
            var image = new StoredImage(null) { Leases = 1, LastUse = ++_uses, Preparation = Task.CompletedTask };
            _ids.Place(image, tiled.TokenCount(_encoder.Configuration.Cells));
            image.Tiled = tiled;
            return image;
        }
    }

    /// <summary>Ends a lease. The vectors stay as long as there is room.</summary>
    public void Return(StoredImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        CancellationTokenSource? stop = null;
        lock (_gate)
        {
            image.Leases--;
            image.LastUse = ++_uses;
            if (image.Leases == 0 && image.Stop is not null)
            {
                // A request that wants the image from now on begins its preparation anew.
                stop = image.Stop;
                (image.Preparation, image.Stop) = (null, null);
            }

            ForgetIfUnused(image);
        }

        stop?.Cancel();
    }

    /// <summary>Encodes all of the images that have no vectors yet, together. They are leased and ready.</summary>
    public void Encode(IEnumerable<StoredImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        var waiting = new Queue<(StoredImage Image, TiledImage Tiled)>();
        lock (_gate)
        {
            foreach (var image in images.Distinct())
            {
                if (image.Vectors is null)
                {
                    waiting.Enqueue((
                        image,
                        image.Tiled ?? throw new InvalidOperationException("A picture that is not prepared cannot be encoded.")));
                }
            }
        }

        while (waiting.Count > 0)
        {
            var run = new List<(StoredImage Image, TiledImage Tiled)>();
            var views = 0;
            do
            {
                run.Add(waiting.Dequeue());
                views += Views(run[^1].Tiled);
            }
            while (waiting.TryPeek(out var next) && views + Views(next.Tiled) <= ViewsPerRun);
            EncodeRun(run);
        }

        Trim();

        static int Views(TiledImage tiled) => 1 + (tiled.Rows * tiled.Columns);
    }

    /// <summary>Replaces the ids of vectors by 0 and tells which they were.</summary>
    /// <param name="ids">Ids of the tokens of a pass.</param>
    /// <returns>Null where all are ids of the vocabulary; else owned by the caller's dispose scope.</returns>
    /// <exception cref="InvalidOperationException">An id belongs to no image with vectors.</exception>
    public ImageTokens? Take(Span<long> ids)
    {
        List<long>? rows = null;
        var parts = new List<Tensor>();
        lock (_gate)
        {
            for (var i = 0; i < ids.Length;)
            {
                if (ids[i] < _firstId)
                {
                    i++;
                    continue;
                }

                var image = _ids.Find((int)ids[i]);
                if (image?.Vectors is not { } vectors)
                {
                    throw new InvalidOperationException($"Token id {ids[i]} belongs to no picture that was encoded.");
                }

                var first = ids[i] - image.FirstId;
                var start = i;
                for (; i < ids.Length && first + (i - start) < image.Count && ids[i] == image.FirstId + first + (i - start); i++)
                {
                    (rows ??= []).Add(i);
                }

                for (var row = start; row < i; row++)
                {
                    ids[row] = 0;
                }

                parts.Add(vectors.narrow(0, first, i - start));
            }
        }

        return rows is null ? null
            : new ImageTokens(
                tensor(rows.ToArray(), ScalarType.Int64, _decoder.Device), parts.Count == 1 ? parts[0] : cat([.. parts], 0));
    }

    /// <summary>Frees vectors of images that nobody leases until the rest fits the budget.</summary>
    public void Trim()
    {
        lock (_gate)
        {
            while (_bytes > _budget && _ids.Images.Where(p => p.Leases == 0 && p.Vectors is not null).MinBy(p => p.LastUse) is { } oldest)
            {
                Drop(oldest);
                _evictions++;
                ForgetIfUnused(oldest);
            }
        }
    }

    /// <summary>Frees all vectors. Leases may still be given back.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var image in _ids.Images)
            {
                Drop(image);
                image.Tiled = null;
            }

            _ids.Clear();
            _byKey.Clear();
        }
    }

    /// <summary>Counts on a state of a prompt in which the ids occur.</summary>
    internal void Mention(IEnumerable<StoredImage> images)
    {
        lock (_gate)
        {
            foreach (var image in images)
            {
                image.Mentions++;
            }
        }
    }

    /// <summary>The state is gone.</summary>
    internal void Unmention(IEnumerable<StoredImage> images)
    {
        lock (_gate)
        {
            foreach (var image in images)
            {
                image.Mentions--;
                ForgetIfUnused(image);
            }
        }
    }

    private async Task PrepareAsync(
        StoredImage image, object request, Func<CancellationToken, Task<TiledImage>> prepare, CancellationTokenSource stop)
    {
        try
        {
            var lanes = image.Key is { IsVideo: true } ? _videoLanes : _imageLanes;
            await lanes.EnterAsync(request, stop.Token);
            try
            {
                stop.Token.ThrowIfCancellationRequested();
                var tiled = await prepare(stop.Token);
                var count = tiled.TokenCount(_encoder.Configuration.Cells);
                lock (_gate)
                {
                    if (image.Stop != stop)
                    {
                        throw new OperationCanceledException(Abandoned, stop.Token);
                    }

                    if (image.Count == 0)
                    {
                        _ids.Place(image, count);
                    }

                    (image.Tiled, image.Stop) = (tiled, null);
                }
            }
            finally
            {
                lanes.Leave(request);
            }
        }
        catch
        {
            lock (_gate)
            {
                if (image.Stop == stop)
                {
                    (image.Preparation, image.Stop) = (null, null);
                    ForgetIfUnused(image);
                }
            }

            throw;
        }
    }

    private void EncodeRun(List<(StoredImage Image, TiledImage Tiled)> run)
    {
        using var scope = NewDisposeScope();
        var vectors = _encoder.Encode([.. run.Select(r => r.Tiled)]);
        for (var i = 0; i < run.Count; i++)
        {
            var image = run[i].Image;
            if (vectors[i].size(0) != image.Count)
            {
                throw new InvalidOperationException(
                    $"The vision encoder gave {vectors[i].size(0)} vectors where {image.Count} were expected.");
            }

            // A copy: what the encoder gives may be a part of something larger.
            var kept = vectors[i].to(_decoder.Type, copy: true).DetachFromDisposeScope();
            lock (_gate)
            {
                (image.Vectors, image.Tiled) = (kept, null);
                _bytes += Size(kept);
                _encoded++;
            }
        }
    }

    // Under the lock, as are the methods below.
    private void ForgetIfUnused(StoredImage image)
    {
        if (image.Leases > 0 || image.Stop is not null)
        {
            return;
        }

        if (image.Vectors is null)
        {
            (image.Tiled, image.Preparation) = (null, null);
            if (image.Mentions == 0)
            {
                _ids.Remove(image);
                if (image.Key is { } key && _byKey.TryGetValue(key, out var known) && known == image)
                {
                    _byKey.Remove(key);
                }
            }
        }
    }

    private void Drop(StoredImage image)
    {
        if (image.Vectors is { } vectors)
        {
            _bytes -= Size(vectors);
            vectors.Dispose();
            (image.Vectors, image.Preparation) = (null, null);
        }
    }

    private static long Size(Tensor vectors) => vectors.numel() * vectors.element_size();
}
