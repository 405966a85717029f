using BestOfN.Inference.Runtime;
using BestOfN.Inputs.Decoding;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Inference.Generation;

/// <summary>Draws the next token of every row at once, on the device; one read-back per step.</summary>
internal static class TokenSampler
{
    // A full sort of a large vocabulary costs milliseconds a row; nearly always the mass lies in the first few.
    private const int Shortlist = 1024;

    private static readonly Scalar s_minusInfinity = float.NegativeInfinity;
    private static readonly Scalar s_infinity = float.PositiveInfinity;
    private static readonly Scalar s_zero = 0f;
    private static readonly Scalar s_minusOne = -1;

    /// <summary>
    /// Draws one token for every row and appends it to its sequence. A row without a usable distribution breaks its own sequence only.
    /// </summary>
    /// <param name="logits">[R, V], the network's own; float32 logits may be changed.</param>
    /// <param name="rows">R sequences.</param>
    public static void Draw(Tensor logits, IReadOnlyList<TokenSequence> rows)
    {
        using var scope = NewDisposeScope();
        logits = logits.to(ScalarType.Float32);
        var reported = Enumerable.Range(0, rows.Count).Where(i => rows[i].Alternatives is not null).ToArray();
        var raw = reported.Length == 0 ? null : Select(logits, reported, rows.Count).log_softmax(-1);

        Penalize(logits, rows);
        var drawn = rows.All(r => r.Sampling.IsGreedy) ? Greedy(logits) : Sample(logits, rows);
        var ids = drawn.cpu().data<long>().ToArray();
        for (var i = 0; i < ids.Length; i++)
        {
            if (ids[i] < 0)
            {
                rows[i].Break();
            }
            else
            {
                rows[i].Append((int)ids[i]);
            }
        }

        if (raw is not null)
        {
            Report(raw, reported, ids, rows);
        }
    }

    private static void Penalize(Tensor logits, IReadOnlyList<TokenSequence> rows)
    {
        var V = logits.size(1);
        var (places, penalties) = (new List<long>(), new List<float>());
        for (var i = 0; i < rows.Count; i++)
        {
            foreach (var (id, count) in rows[i].Counts ?? System.Collections.ObjectModel.ReadOnlyDictionary<int, int>.Empty)
            {
                places.Add((i * V) + id);
                penalties.Add((float)((count * rows[i].Sampling.FrequencyPenalty) + rows[i].Sampling.PresencePenalty));
            }
        }

        if (places.Count > 0)
        {
            logits.view(-1).index_add_(0, tensor(places, device: logits.device), tensor(penalties, device: logits.device), s_minusOne);
        }
    }

    /// <returns>[R]; -1 where the largest logit is not finite.</returns>
    private static Tensor Greedy(Tensor logits)
    {
        var (largest, at) = logits.max(-1);
        return at.masked_fill(largest.isfinite().logical_not(), s_minusOne);
    }

    /// <summary>Inverse of the cumulative distribution at each row's own uniform number.</summary>
    /// <returns>[R]; -1 where probabilities are not finite.</returns>
    private static Tensor Sample(Tensor logits, IReadOnlyList<TokenSequence> rows)
    {
        var device = logits.device;
        Tensor Column(Func<TokenSequence, float> value) => tensor(rows.Select(value).ToArray(), device: device).unsqueeze(1);      // [R, 1]
        var greedy = rows.Any(r => r.Sampling.IsGreedy) ? Greedy(logits) : null;

        if (rows.Any(r => r.Sampling.Temperature is not 0 and not 1))
        {
            logits = logits / Column(r => r.Sampling.IsGreedy ? 1 : (float)r.Sampling.Temperature);
        }

        var V = (int)logits.size(1);
        if (rows.Any(r => r.Sampling.TopK > 0 && r.Sampling.TopK < V))
        {
            int Kept(TokenSequence r) => r.Sampling.TopK > 0 ? Math.Min(r.Sampling.TopK, V) : V;
            var most = rows.Select(Kept).Where(k => k < V).Max();
            var (best, _) = logits.topk(most, -1);
            var last = tensor(rows.Select(r => Math.Min(Kept(r), most) - 1L).ToArray(), device: device).unsqueeze(1);
            var unlimited = tensor(rows.Select(r => Kept(r) == V).ToArray(), device: device).unsqueeze(1);
            logits = logits.masked_fill(logits.lt(best.gather(1, last).masked_fill(unlimited, s_minusInfinity)), s_minusInfinity);
        }

        var probabilities = logits.softmax(-1);                                                  // [R, V]
        var nucleus = Enumerable.Range(0, rows.Count).Where(i => rows[i].Sampling.TopP < 1).ToArray();
        if (nucleus.Length > 0)
        {
            var mass = tensor(nucleus.Select(i => (float)rows[i].Sampling.TopP).ToArray(), device: device).unsqueeze(1);
            var least = zeros(rows.Count, 1, device: device);
            least.index_copy_(0, tensor(nucleus.Select(i => (long)i).ToArray(), device: device),
                LeastInNucleus(Select(probabilities, nucleus, rows.Count), mass));
            probabilities = probabilities.masked_fill(probabilities.lt(least), s_zero);
        }

        if (rows.Any(r => r.Sampling.MinP > 0))
        {
            var least = probabilities.amax([-1], keepdim: true) * Column(r => (float)r.Sampling.MinP);
            probabilities = probabilities.masked_fill(probabilities.lt(least), s_zero);
        }

        var cumulative = probabilities.cumsum(-1);
        var total = cumulative.narrow(1, V - 1, 1);
        var at = searchsorted(cumulative, total * Column(r => CounterRandom.Uniform(r.Seed, r.Ids.Count)), right: true).squeeze(1);
        at = at.masked_fill(total.squeeze(1).isfinite().logical_not(), s_minusOne);
        return greedy is null ? at : where(tensor(rows.Select(r => r.Sampling.IsGreedy).ToArray(), device: device), greedy, at);
    }

    /// <summary>
    /// The smallest probability that is kept: the most probable tokens up to and including the one that reaches the mass.
    /// </summary>
    private static Tensor LeastInNucleus(Tensor probabilities, Tensor mass)
    {
        var V = (int)probabilities.size(1);
        for (var length = V > 4 * Shortlist ? Shortlist : V; ; length = V)
        {
            var sorted = length < V ? probabilities.topk(length, -1).values : probabilities.sort(-1, descending: true).Values;
            var before = sorted.cumsum(-1) - sorted;
            if (length < V && !before.add(sorted, HeldScalar.One).narrow(1, length - 1, 1).ge(mass).all().item<bool>())
            {
                continue;
            }

            var dropped = before.ge(mass);
            dropped.narrow(1, 0, 1).zero_();                                            // top_p = 0 still keeps the best
            return sorted.masked_fill(dropped, s_infinity).amin([-1], keepdim: true);
        }
    }

    private static void Report(Tensor raw, int[] reported, long[] ids, IReadOnlyList<TokenSequence> rows)
    {
        var most = reported.Max(i => rows[i].Alternatives!.Value);
        var chosen = raw.gather(1, tensor(reported.Select(i => Math.Max(ids[i], 0)).ToArray(), device: raw.device).unsqueeze(1)).cpu()
            .data<float>().ToArray();
        var (values, best) = most == 0 ? (null, null) : raw.topk(Math.Min(most, (int)raw.size(1)), -1);
        var (logprobs, tokens) = (values?.cpu().data<float>().ToArray() ?? [], best?.cpu().data<long>().ToArray() ?? []);
        var width = logprobs.Length / reported.Length;
        for (var j = 0; j < reported.Length; j++)
        {
            var i = reported[j];
            if (rows[i].IsBroken)
            {
                continue;
            }

            var alternatives = new TokenLogprob[Math.Min(rows[i].Alternatives!.Value, width)];
            for (var k = 0; k < alternatives.Length; k++)
            {
                alternatives[k] = new((int)tokens[(j * width) + k], logprobs[(j * width) + k]);
            }

            rows[i].Report(new(new((int)ids[i], chosen[j]), alternatives));
        }
    }

    private static Tensor Select(Tensor x, int[] rows, int all) =>
        rows.Length == all ? x : x.index_select(0, tensor(rows.Select(i => (long)i).ToArray(), device: x.device));
}
