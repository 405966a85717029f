using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inputs.Images;
using static TorchSharp.torch;

namespace BestOfN.Inference.ImageCache;

/// <summary>
/// Gives the vectors of pictures ids of their own, at and above the vocabulary, so that a prompt with pictures is a list of ids like any
/// other. Equal pictures have equal ids, and are decoded and encoded once.
/// </summary>
/// <remarks>
/// Leasing and returning are thread-safe; what touches tensors (<see cref="Encode"/>, <see cref="Take"/>, <see cref="Trim"/>,
/// <see cref="Dispose"/>) belongs to the device's thread. A leased picture keeps its vectors. Others keep them under the memory budget,
/// least recently used out first; ids stay reserved while a kept prompt state mentions them, and come into use again as late as possible.
/// The encoder stays the caller's.
/// </remarks>
public sealed class PictureStore : IDisposable
{
    // Global views and tiles in one run of the tower: more is no faster and takes more memory.
    private const int ViewsPerRun = 64;

    private const string Abandoned = "Nobody waits for the picture any more.";

    private readonly Lock _gate = new();

    // Videos, which may take a minute each, have lanes of their own, and one request never all of them: pictures and the videos of others
    // do not wait behind them.
    private readonly FairLanes _pictureLanes = new(Environment.ProcessorCount, Environment.ProcessorCount);
    private readonly FairLanes _videoLanes = new(Math.Max(2, Environment.ProcessorCount), Math.Max(1, Environment.ProcessorCount / 2));
    private readonly Dictionary<PictureKey, StoredPicture> _byKey = [];
    private readonly PictureIds _ids;
    private readonly PictureEncoder _encoder;
    private readonly Decoder _decoder;
    private readonly int _firstId;
    private readonly long _budget;
    private long _uses;
    private long _bytes;
    private long _hits;
    private long _misses;
    private long _evictions;
    private long _encoded;

    /// <param name="encoder">Makes vectors of pictures.</param>
    /// <param name="decoder">Reads them.</param>
    /// <param name="firstId">Above all ids of the vocabulary and of the tokenizer.</param>
    /// <param name="budget">Bytes for the vectors of pictures.</param>
    /// <param name="lastId">The largest id handed out.</param>
    public PictureStore(PictureEncoder encoder, Decoder decoder, int firstId, long budget, int lastId = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(decoder);
        ArgumentOutOfRangeException.ThrowIfLessThan(firstId, decoder.Configuration.VocabularySize);
        (_encoder, _decoder, _firstId, _budget, _ids) = (encoder, decoder, firstId, budget, new PictureIds(firstId, lastId));
    }

    /// <summary>Memory of vectors.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Leases of pictures that were there already.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Leases of pictures that had to be decoded.</summary>
    public long Misses => Interlocked.Read(ref _misses);

    /// <summary>Pictures whose vectors made room for others.</summary>
    public long Evictions => Interlocked.Read(ref _evictions);

    /// <summary>Pictures that went through the tower.</summary>
    public long Encoded => Interlocked.Read(ref _encoded);

    /// <summary>Pictures with ids.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _ids.Pictures.Count;
            }
        }
    }

    /// <summary>A picture by content. To be given back with <see cref="Return"/>, whatever becomes of it.</summary>
    /// <param name="key">Its content.</param>
    /// <param name="request">For whom: requests take turns.</param>
    /// <param name="prepare">Decodes and tiles it, where nobody did; on the thread pool. Cancelled when nobody leases the picture any
    /// more.</param>
    /// <returns>The picture, and when its ids are known. That fails with what <paramref name="prepare"/> throws.</returns>
    public (StoredPicture Picture, Task Ready) Lease(PictureKey key, object request, Func<CancellationToken, Task<TiledImage>> prepare)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(prepare);
        lock (_gate)
        {
            if (!_byKey.TryGetValue(key, out var picture))
            {
                _byKey.Add(key, picture = new StoredPicture(key));
            }

            picture.Leases++;
            picture.LastUse = ++_uses;
            if (picture.Preparation is not null)
            {
                _hits++;
            }
            else
            {
                _misses++;
                var stop = picture.Stop = new CancellationTokenSource();
                picture.Preparation = Task.Run(() => PrepareAsync(picture, request, prepare, stop));
            }

            return (picture, picture.Preparation);
        }
    }

    /// <summary>A picture that is tiled already and shared with nobody; it, too, is to be given back.</summary>
    /// <exception cref="InvalidOperationException">All ids are in use.</exception>
    public StoredPicture Add(TiledImage tiled)
    {
        ArgumentNullException.ThrowIfNull(tiled);
        lock (_gate)
        {
            var picture = new StoredPicture(null) { Leases = 1, LastUse = ++_uses, Preparation = Task.CompletedTask };
            _ids.Place(picture, tiled.TokenCount(_encoder.Configuration.Cells));
            picture.Tiled = tiled;
            return picture;
        }
    }

    /// <summary>Ends a lease. The vectors stay as long as there is room.</summary>
    public void Return(StoredPicture picture)
    {
        ArgumentNullException.ThrowIfNull(picture);
        CancellationTokenSource? stop = null;
        lock (_gate)
        {
            picture.Leases--;
            picture.LastUse = ++_uses;
            if (picture.Leases == 0 && picture.Stop is not null)
            {
                // A request that wants the image from now on begins its preparation anew.
                stop = picture.Stop;
                (picture.Preparation, picture.Stop) = (null, null);
            }

            ForgetIfUnused(picture);
        }

        stop?.Cancel();
    }

    /// <summary>Encodes all of the pictures that have no vectors yet, together. They are leased and ready.</summary>
    public void Encode(IEnumerable<StoredPicture> pictures)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        var waiting = new Queue<(StoredPicture Picture, TiledImage Tiled)>();
        lock (_gate)
        {
            foreach (var picture in pictures.Distinct())
            {
                if (picture.Vectors is null)
                {
                    waiting.Enqueue((
                        picture,
                        picture.Tiled ?? throw new InvalidOperationException("A picture that is not prepared cannot be encoded.")));
                }
            }
        }

        while (waiting.Count > 0)
        {
            var run = new List<(StoredPicture Picture, TiledImage Tiled)>();
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
    /// <exception cref="InvalidOperationException">An id belongs to no picture with vectors.</exception>
    public PictureTokens? Take(Span<long> ids)
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

                var picture = _ids.Find((int)ids[i]);
                if (picture?.Vectors is not { } vectors)
                {
                    throw new InvalidOperationException($"Token id {ids[i]} belongs to no picture that was encoded.");
                }

                var first = ids[i] - picture.FirstId;
                var start = i;
                for (; i < ids.Length && first + (i - start) < picture.Count && ids[i] == picture.FirstId + first + (i - start); i++)
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
            : new PictureTokens(
                tensor(rows.ToArray(), ScalarType.Int64, _decoder.Device), parts.Count == 1 ? parts[0] : cat([.. parts], 0));
    }

    /// <summary>Frees vectors of pictures that nobody leases until the rest fits the budget.</summary>
    public void Trim()
    {
        lock (_gate)
        {
            while (_bytes > _budget && _ids.Pictures.Where(p => p.Leases == 0 && p.Vectors is not null).MinBy(p => p.LastUse) is { } oldest)
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
            foreach (var picture in _ids.Pictures)
            {
                Drop(picture);
                picture.Tiled = null;
            }

            _ids.Clear();
            _byKey.Clear();
        }
    }

    /// <summary>Counts on a state of a prompt in which the ids occur.</summary>
    internal void Mention(IEnumerable<StoredPicture> pictures)
    {
        lock (_gate)
        {
            foreach (var picture in pictures)
            {
                picture.Mentions++;
            }
        }
    }

    /// <summary>The state is gone.</summary>
    internal void Unmention(IEnumerable<StoredPicture> pictures)
    {
        lock (_gate)
        {
            foreach (var picture in pictures)
            {
                picture.Mentions--;
                ForgetIfUnused(picture);
            }
        }
    }

    private async Task PrepareAsync(
        StoredPicture picture, object request, Func<CancellationToken, Task<TiledImage>> prepare, CancellationTokenSource stop)
    {
        try
        {
            var lanes = picture.Key is { IsVideo: true } ? _videoLanes : _pictureLanes;
            await lanes.EnterAsync(request, stop.Token);
            try
            {
                stop.Token.ThrowIfCancellationRequested();
                var tiled = await prepare(stop.Token);
                var count = tiled.TokenCount(_encoder.Configuration.Cells);
                lock (_gate)
                {
                    if (picture.Stop != stop)
                    {
                        throw new OperationCanceledException(Abandoned, stop.Token);
                    }

                    if (picture.Count == 0)
                    {
                        _ids.Place(picture, count);
                    }

                    (picture.Tiled, picture.Stop) = (tiled, null);
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
                if (picture.Stop == stop)
                {
                    (picture.Preparation, picture.Stop) = (null, null);
                    ForgetIfUnused(picture);
                }
            }

            throw;
        }
    }

    private void EncodeRun(List<(StoredPicture Picture, TiledImage Tiled)> run)
    {
        using var scope = NewDisposeScope();
        var vectors = _encoder.Encode([.. run.Select(r => r.Tiled)]);
        for (var i = 0; i < run.Count; i++)
        {
            var picture = run[i].Picture;
            if (vectors[i].size(0) != picture.Count)
            {
                throw new InvalidOperationException(
                    $"The vision tower gave {vectors[i].size(0)} vectors where {picture.Count} were expected.");
            }

            // A copy: what the encoder gives may be a part of something larger.
            var kept = vectors[i].to(_decoder.Type, copy: true).DetachFromDisposeScope();
            lock (_gate)
            {
                (picture.Vectors, picture.Tiled) = (kept, null);
                _bytes += Size(kept);
                _encoded++;
            }
        }
    }

    // Under the lock, as are the methods below.
    private void ForgetIfUnused(StoredPicture picture)
    {
        if (picture.Leases > 0 || picture.Stop is not null)
        {
            return;
        }

        if (picture.Vectors is null)
        {
            (picture.Tiled, picture.Preparation) = (null, null);
            if (picture.Mentions == 0)
            {
                _ids.Remove(picture);
                if (picture.Key is { } key && _byKey.TryGetValue(key, out var known) && known == picture)
                {
                    _byKey.Remove(key);
                }
            }
        }
    }

    private void Drop(StoredPicture picture)
    {
        if (picture.Vectors is { } vectors)
        {
            _bytes -= Size(vectors);
            vectors.Dispose();
            (picture.Vectors, picture.Preparation) = (null, null);
        }
    }

    private static long Size(Tensor vectors) => vectors.numel() * vectors.element_size();
}
