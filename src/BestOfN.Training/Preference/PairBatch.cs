using BestOfN.Inference.Networks;
using static TorchSharp.torch;

namespace BestOfN.Training.Preference;

/// <summary>
/// Pairs side by side: chosen, rejected, chosen, rejected, each padded on the right to the longest. Its tensors belong to the scope it is
/// made in.
/// </summary>
/// <remarks>T tokens in a row, 2·P rows.</remarks>
internal sealed class PairBatch
{
    private PairBatch(int pairs, int length, Tensor ids, Tensor positions, Tensor ends, ImageTokens? images) =>
        (Pairs, Length, Ids, Positions, Ends, Images) = (pairs, length, ids, positions, ends, images);

    public int Pairs { get; }

    /// <summary>T.</summary>
    public int Length { get; }

    /// <summary>[2·P·T] int64.</summary>
    public Tensor Ids { get; }

    /// <summary>0..T-1 in every row, [2·P·T] int64.</summary>
    public Tensor Positions { get; }

    /// <summary>Where the rewards are read, [2·P] int64.</summary>
    public Tensor Ends { get; }

    /// <summary>Null where no pair has an image.</summary>
    public ImageTokens? Images { get; }

    /// <param name="pairs">At least one.</param>
    /// <param name="network">Encodes the images, each once for both conversations and without gradients.</param>
    public static PairBatch Of(IReadOnlyList<JudgedPair> pairs, TrainableNetwork network)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var length = pairs.Max(p => p.Length);
        var ids = new long[2 * pairs.Count * length];
        Array.Fill(ids, network.PadId);
        var (ends, rows, vectors) = (new List<long>(), new List<long>(), new List<Tensor>());
        var seen = pairs.All(p => p.Images.Count == 0) ? [] : network.ImageEncoder!.Encode([.. pairs.SelectMany(p => p.Images)]);
        var (row, first) = (0, 0);
        foreach (var pair in pairs)
        {
            foreach (var conversation in new[] { pair.Chosen, pair.Rejected })
            {
                conversation.Ids.CopyTo(ids, row);
                for (var i = 0; i < conversation.Places.Count; i++)
                {
                    var (start, count) = conversation.Places[i];
                    rows.AddRange(Enumerable.Range(row + start, count).Select(r => (long)r));
                    vectors.Add(seen[first + i]);
                }

                ends.Add(row + conversation.Ids.Length - 1);
                row += length;
            }

            first += pair.Images.Count;
        }

        var device = network.Device;
        var images = vectors.Count == 0 ? null : new ImageTokens(
            tensor(rows.ToArray(), device: device).MoveToOuterDisposeScope(), cat(vectors, 0).MoveToOuterDisposeScope());
        return new PairBatch(
            pairs.Count,
            length,
            tensor(ids, device: device).MoveToOuterDisposeScope(),
            tensor(Enumerable.Range(0, length).Select(t => (long)t).ToArray(), device: device).repeat(2 * pairs.Count)
                .MoveToOuterDisposeScope(),
            tensor(ends.ToArray(), device: device).MoveToOuterDisposeScope(),
            images);
    }
}
