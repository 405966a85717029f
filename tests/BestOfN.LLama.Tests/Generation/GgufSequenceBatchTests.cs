using BestOfN.Inputs.Decoding;
using BestOfN.Inputs.Gguf;
using BestOfN.LLama.Generation;
using BestOfN.LLama.Models;
using LLama.Native;

namespace BestOfN.LLama.Tests.Generation;

/// <summary>Limits that llama.cpp answers by ending the process are kept here.</summary>
public sealed class GgufSequenceBatchTests
{
    private static readonly int[] s_prompt = [1, 70, 80, 90, 100, 110, 120, 130, 140];

    [Fact]
    public void Steps_of_more_rows_than_a_batch_are_computed_in_several()
    {
        TestModels.SkipWithoutLlama();
        Assert.Equal(Draw(batch: 64), Draw(batch: 4));
    }

    [Fact]
    public void Sequences_beyond_those_of_the_context_are_refused()
    {
        TestModels.SkipWithoutLlama();
        using var model = Load(64, sequences: 4);
        using var batch = new GgufSequenceBatch(model, 4);
        Assert.False(batch.HasRoomFor(1, 5, 1));
        Assert.Throws<InvalidOperationException>(() => batch.Add([(s_prompt, Sequences(5))], 1));
        Assert.True(batch.HasRoomFor(1, 4, 1));
    }

    [Fact]
    public void Tokens_that_ended_sequences_held_are_free_again()
    {
        TestModels.SkipWithoutLlama();
        using var model = Load(64, sequences: 4);
        using var batch = new GgufSequenceBatch(model, 4);
        for (var round = 0; round < 3; round++)
        {
            var sequences = Sequences(4);
            Assert.True(batch.HasRoomFor(s_prompt.Length, 4, 100));
            batch.Add([(s_prompt, sequences)], 100);
            Assert.False(batch.HasRoomFor(s_prompt.Length, 1, 400));
            Assert.Equal(4, batch.Prefill(64).Count);
            sequences[0].End();
            batch.Decode();
            Assert.Equal(s_prompt.Length + 300, batch.ReservedTokens);
            Array.ForEach(sequences, s => s.End());
            batch.Compact();
            Assert.Equal(0, batch.ReservedTokens);
            for (var slot = 0; slot < 4; slot++)
            {
                Assert.Equal(-1, (int)model.Context.MemorySequenceMaxPosition((LLamaSeqId)slot));
            }
        }
    }

    [Fact]
    public void A_sequence_that_ends_before_its_prompt_is_read_leaves_its_siblings_as_they_are()
    {
        TestModels.SkipWithoutLlama();
        using var model = Load(4, sequences: 4);
        using var batch = new GgufSequenceBatch(model, 4);
        var sequences = Sequences(3);
        batch.Add([(s_prompt, sequences)], 20);
        Assert.Empty(batch.Prefill(4));
        sequences[0].End();
        Assert.Empty(batch.Prefill(4));
        Assert.Equal(sequences[1..], batch.Prefill(4));
        batch.Decode();
        Assert.Equal(Draw(batch: 64)[1][..2], sequences[1].Ids);
    }

    private static int[][] Draw(int batch)
    {
        using var model = Load(batch, sequences: 12);
        using var sequences = new GgufSequenceBatch(model, 12);
        var drawn = Sequences(12);
        sequences.Add([(s_prompt, drawn)], 20);
        while (sequences.Prefill(64).Count == 0)
        {
        }

        for (var step = 0; step < 6; step++)
        {
            sequences.Decode();
        }

        return [.. drawn.Select(s => s.Ids.ToArray())];
    }

    private static TokenSequence[] Sequences(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new TokenSequence(new TokenSampling(), seed: i))];

    private static GgufModel Load(int batch, int sequences) =>
        GgufModel.Load(GgufFile.Open(TestModels.Pocket()), new(512, sequences, batch, IsExact: true, "cpu"));
}
