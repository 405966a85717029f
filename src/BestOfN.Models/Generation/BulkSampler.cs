using BestOfN.Models.Networks;
using static TorchSharp.torch;

namespace BestOfN.Models.Generation;

/// <summary>Draws many short answers to many prompts as fast as the device allows: what training and evaluation need.</summary>
/// <remarks>
/// Prompts of one length decode in lockstep, each read once and its keys and values copied to its samples, so that a step is one
/// batched attention without masks. For requests that come and go, use the generation engine. Runs on the caller's thread.
/// </remarks>
public sealed class BulkSampler
{
    private readonly LanguageModel _model;
    private readonly IReadOnlySet<int> _endTokens;

    /// <param name="model">Weights may want gradients; none flow here.</param>
    /// <param name="endTokens">A drawn token of these ends its answer and is not part of it.</param>
    public BulkSampler(LanguageModel model, IReadOnlySet<int> endTokens) => (_model, _endTokens) = (model, endTokens);

    /// <summary>Draws answers.</summary>
    /// <param name="prompts">Token ids.</param>
    /// <param name="samples">Answers per prompt.</param>
    /// <param name="temperature">0 is greedy.</param>
    /// <param name="seed">The same prompts, samples and seed give the same answers.</param>
    /// <param name="maxTokens">Longest answer; a longer one is cut and marked.</param>
    /// <param name="sequences">How many decode together.</param>
    /// <param name="done">Told after every batch how many prompts have been answered.</param>
    /// <param name="cancellationToken">Checked at every step.</param>
    /// <returns>For each prompt its answers, without the end token, and whether each ended by itself.</returns>
    public IReadOnlyList<IReadOnlyList<SampledAnswer>> Sample(
        IReadOnlyList<IReadOnlyList<int>> prompts, int samples, double temperature, long seed, int maxTokens, int sequences = 512,
        Action<int>? done = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        using var guard = inference_mode();
        using var random = new Generator((ulong)seed, CPU);
        var answers = new IReadOnlyList<SampledAnswer>[prompts.Count];
        var answered = 0;
        var perBatch = Math.Max(1, sequences / samples);
        foreach (var group in Enumerable.Range(0, prompts.Count).GroupBy(i => prompts[i].Count))
        {
            foreach (var batch in group.Chunk(perBatch))
            {
                using var scope = NewDisposeScope();
                var drawn = SampleBatch([.. batch.Select(i => prompts[i])], samples, temperature, random, maxTokens, cancellationToken);
                for (var i = 0; i < batch.Length; i++)
                {
                    answers[batch[i]] = drawn[i];
                }

                done?.Invoke(answered += batch.Length);
            }
        }

        return answers;
    }

    private SampledAnswer[][] SampleBatch(
        IReadOnlyList<int>[] prompts, int samples, double temperature, Generator random, int maxTokens, CancellationToken cancellationToken)
    {
        var (count, length) = (prompts.Length, prompts[0].Count);
        var device = _model.Decoder.Device;
        var limit = Math.Min(maxTokens, _model.Decoder.Configuration.MaxPositions - length);
        using var cache = new LockstepCache(_model.Decoder, count, samples, length, Math.Max(1, limit));
        var ids = tensor(prompts.SelectMany(p => p.Select(id => (long)id)).ToArray(), device: device);
        var positions = arange(length, device: device).repeat(count);
        var last = (arange(count, device: device) * length) + (length - 1);
        var hidden = _model.Decoder.Forward(ids, positions, cache.Prefill())!.index_select(0, last);
        var logits = _model.Logits(hidden).repeat_interleave(samples, 0);

        var texts = Enumerable.Range(0, count * samples).Select(_ => new List<int>()).ToArray();
        var ended = new bool[texts.Length];
        var live = Enumerable.Range(0, texts.Length).ToArray();
        for (var step = 0; step < limit; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var drawn = Draw(logits, temperature, random).data<long>().ToArray();
            var kept = new List<long>(live.Length);
            for (var row = 0; row < live.Length; row++)
            {
                if (ended[live[row]] |= _endTokens.Contains((int)drawn[row]))
                {
                    continue;
                }

                texts[live[row]].Add((int)drawn[row]);
                kept.Add(row);
            }

            if (kept.Count == 0 || step + 1 == limit)
            {
                break;
            }

            // Finished sequences leave once they are worth the copy.
            if (kept.Count < live.Length * 3 / 4)
            {
                cache.Keep(tensor(kept.ToArray(), device: device));
                drawn = [.. kept.Select(row => drawn[row])];
                live = [.. kept.Select(row => live[row])];
            }
            else
            {
                foreach (var row in Enumerable.Range(0, live.Length).Where(row => ended[live[row]]))
                {
                    drawn[row] = 0;   // the few that ended decode on, unread
                }
            }

            var at = full(live.Length, length + step, ScalarType.Int64, device);
            var next = _model.Decoder.Forward(tensor(drawn, device: device), at, cache.Step())!;
            var fresh = _model.Logits(next).MoveToOuterDisposeScope();
            logits.Dispose();
            logits = fresh;
        }

        return [.. texts.Select((t, i) => new SampledAnswer(t, ended[i])).Chunk(samples)];
    }

    private static Tensor Draw(Tensor logits, double temperature, Generator random)
    {
        if (temperature <= 0)
        {
            return logits.argmax(-1).cpu();
        }

        // Gumbel-max: the argmax of logits + Gumbel noise is a draw from their softmax.
        var uniform = rand(logits.shape, ScalarType.Float32, generator: random).clamp_(1e-9, 1 - 1e-7).to(logits.device);
        return ((logits.to(ScalarType.Float32) / temperature) - uniform.log_().neg_().log_()).argmax(-1).cpu();
    }
}
