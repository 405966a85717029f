using System.Text;
using BestOfN.Protocols.Upstreams;

namespace BestOfN.Protocols.Tests.Upstreams;

public sealed class MaskedStreamTests
{
    private const string Key = "sk-sk-secret";

    [Theory]
    [InlineData("Bearer sk-sk-secret!", "Bearer ************!")]
    [InlineData("sk-sk-secretsk-sk-secret", "************************")]
    [InlineData("sk-sk-sk-secret", "sk-************")]
    [InlineData("ends with sk-sk-secre", "ends with sk-sk-secre")]
    [InlineData("", "")]
    public async Task The_key_is_covered_however_the_answer_is_cut(string answer, string seen)
    {
        for (var piece = 1; piece <= answer.Length + 1; piece++)
        {
            foreach (var size in (int[])[1, 3, 64])
            {
                await using var stream = MaskedStream.Over(new Pieces(Encoding.UTF8.GetBytes(answer), piece), Key);
                Assert.Equal(seen, await ReadAsync(stream, size));
                Assert.Equal(answer.Contains(Key, StringComparison.Ordinal), Assert.IsType<MaskedStream>(stream).HasCovered);
            }
        }
    }

    [Fact]
    public async Task A_piece_that_cannot_begin_a_key_is_passed_on_at_once()
    {
        var pieces = new Pieces("data: 1\n\ndata: sk-"u8.ToArray(), 9);
        await using var stream = MaskedStream.Over(pieces, Key);

        var buffer = new byte[64];
        Assert.Equal(9, await stream.ReadAsync(buffer, TestContext.Current.CancellationToken));
        Assert.Equal(9, pieces.Position);
    }

    [Fact]
    public async Task A_key_of_asterisks_ends_the_search()
    {
        await using var stream = MaskedStream.Over(new Pieces("a **********"u8.ToArray(), 5), "********");
        Assert.Equal("a **********", await ReadAsync(stream, 64));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("EMPTY")]
    public void An_ordinary_word_is_no_key_to_cover(string? key)
    {
        using var inner = new MemoryStream();
        Assert.Same(inner, MaskedStream.Over(inner, key));
    }

    private static async Task<string> ReadAsync(Stream stream, int size)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, size, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(all.ToArray());
    }

    /// <summary>Gives a few bytes at a time.</summary>
    private sealed class Pieces(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, size)], cancellationToken);
    }
}
