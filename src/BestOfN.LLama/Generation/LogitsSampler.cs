using System.Numerics.Tensors;
using BestOfN.Inputs.Decoding;

namespace BestOfN.LLama.Generation;

/// <summary>Draws the next token of a sequence from its logits, with the same meaning of settings and seeds as the engine of model folders
/// has.</summary>
/// <remarks>Not thread-safe: it keeps buffers of the vocabulary's size.</remarks>
internal sealed class LogitsSampler(int vocabularySize)
{
    // A full sort of a large vocabulary costs milliseconds; nearly always the mass lies in the first few.
    private const int Shortlist = 1024;

    private readonly float[] _values = new float[vocabularySize];
    private readonly float[] _order = new float[vocabularySize];

    /// <summary>Draws a token and appends it. Logits without a usable distribution break the sequence.</summary>
    /// <param name="logits">The network's own, one per token.</param>
    /// <param name="row">The sequence.</param>
    public void Draw(ReadOnlySpan<float> logits, TokenSequence row)
    {
        logits.CopyTo(_values);
        foreach (var (id, count) in row.Counts ?? System.Collections.ObjectModel.ReadOnlyDictionary<int, int>.Empty)
        {
            _values[id] -= (float)((count * row.Sampling.FrequencyPenalty) + row.Sampling.PresencePenalty);
        }

        var drawn = row.Sampling.IsGreedy ? Greedy() : Sample(row);
        if (drawn < 0)
        {
            row.Break();
            return;
        }

        row.Append(drawn);
        if (row.Alternatives is { } alternatives)
        {
            Report(logits, drawn, alternatives, row);
        }
    }

    /// <returns>-1 where the largest logit is not finite.</returns>
    private int Greedy()
    {
        var at = TensorPrimitives.IndexOfMax<float>(_values);       // the first of equals; NaN counts as largest
        return float.IsFinite(_values[at]) ? at : -1;
    }

    /// <summary>Inverse of the cumulative distribution at the sequence's own uniform number.</summary>
    /// <returns>-1 where probabilities are not finite.</returns>
    private int Sample(TokenSequence row)
    {
        var sampling = row.Sampling;
        Span<float> values = _values;
        if (sampling.Temperature != 1)
        {
            TensorPrimitives.Divide(values, (float)sampling.Temperature, values);
        }

        if (sampling.TopK > 0 && sampling.TopK < values.Length)
        {
            KeepFrom(Largest(values, sampling.TopK)[^1], float.NegativeInfinity);
        }

        TensorPrimitives.SoftMax<float>(values, values);
        if (sampling.TopP < 1)
        {
            KeepFrom(LeastInNucleus((float)sampling.TopP), 0);
        }

        if (sampling.MinP > 0)
        {
            KeepFrom(TensorPrimitives.Max<float>(values) * (float)sampling.MinP, 0);
        }

        double sum = 0;
        foreach (var value in values)
        {
            sum += value;
        }

        if (!float.IsFinite((float)sum))
        {
            return -1;
        }

        var target = (float)sum * CounterRandom.Uniform(row.Seed, row.Ids.Count);
        sum = 0;
        for (var id = 0; id < values.Length; id++)
        {
            sum += values[id];
            if ((float)sum > target)
            {
                return id;
            }
        }

        return -1;
    }

    private void KeepFrom(float least, float dropped)
    {
        foreach (ref var value in _values.AsSpan())
        {
            if (value < least)
            {
                value = dropped;
            }
        }
    }

    /// <summary>The smallest probability that is kept: those of the most probable tokens up to the one that reaches the mass.</summary>
    private float LeastInNucleus(float mass)
    {
        for (var length = _values.Length > 4 * Shortlist ? Shortlist : _values.Length; ; length = _values.Length)
        {
            var sorted = Largest(_values, length);
            double before = 0;
            var kept = 0;
            foreach (var probability in sorted)
            {
                before += probability;
                if (kept > 0 && (float)before - probability >= mass)
                {
                    return sorted[kept - 1];                        // top_p = 0 still keeps the best
                }

                kept++;
            }

            if (length == _values.Length || (float)before >= mass)
            {
                return sorted[^1];
            }
        }
    }

    /// <summary>The largest values, best first; valid until the next call.</summary>
    private ReadOnlySpan<float> Largest(ReadOnlySpan<float> values, int count)
    {
        var order = _order.AsSpan();
        values.CopyTo(order);

        // Values behind `count` are put aside part by part until only the largest stand before it.
        var (from, to) = (0, order.Length);
        while (count < to && to - from > 1)
        {
            var pivot = order[from + ((to - from) / 2)];
            var (left, right) = (from, to - 1);
            while (left <= right)
            {
                while (order[left] > pivot)
                {
                    left++;
                }

                while (order[right] < pivot)
                {
                    right--;
                }

                if (left <= right)
                {
                    (order[left], order[right]) = (order[right], order[left]);
                    (left, right) = (left + 1, right - 1);
                }
            }

            if (count <= right)
            {
                to = right + 1;
            }
            else if (count >= left)
            {
                from = left;
            }
            else
            {
                break;
            }
        }

        order = order[..count];
        order.Sort((a, b) => b.CompareTo(a));
        return order;
    }

    private static void Report(ReadOnlySpan<float> logits, int drawn, int count, TokenSequence row)
    {
        var largest = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (var logit in logits)
        {
            sum += MathF.Exp(logit - largest);
        }

        var all = largest + (float)Math.Log(sum);
        var best = new List<int>(count + 1);
        for (var id = 0; id < logits.Length && count > 0; id++)
        {
            if (best.Count == count && logits[id] <= logits[best[^1]])
            {
                continue;
            }

            var at = best.Count;
            while (at > 0 && logits[best[at - 1]] < logits[id])
            {
                at--;
            }

            best.Insert(at, id);
            if (best.Count > count)
            {
                best.RemoveAt(count);
            }
        }

        var alternatives = new TokenLogprob[best.Count];
        for (var i = 0; i < alternatives.Length; i++)
        {
            alternatives[i] = new(best[i], logits[best[i]] - all);
        }

        row.Report(new(new(drawn, logits[drawn] - all), alternatives));
    }
}
