using BestOfN.Training.Pocket;

namespace BestOfN.Training.Tests.Pocket;

public sealed class BatchPartsTests
{
    [Fact]
    public void Every_item_is_in_one_part_beside_others_of_like_length()
    {
        int[] lengths = [60, 260, 55, 190, 62, 185, 58, 250, 61];
        var parts = BatchParts.Of(lengths, l => l);

        Assert.Equal(lengths.Order(), parts.SelectMany(p => p).Order());
        Assert.All(parts, part => Assert.True(part.Min() >= 0.75 * part.Max(), string.Join(' ', part)));
        Assert.Equal(parts.Select(p => p.Max()).OrderDescending(), parts.Select(p => p.Max()));
    }

    [Fact]
    public void No_part_of_several_is_padded_to_more_than_a_quarter_of_all_tokens()
    {
        var lengths = Enumerable.Range(0, 40).Select(i => 100 + (i % 7)).ToArray();
        var parts = BatchParts.Of(lengths, l => l);
        Assert.All(parts, part => Assert.InRange(part.Count * part.Max(), 1, lengths.Sum() / 4));
        Assert.InRange(parts.Count, 4, 6);
    }

    [Fact]
    public void One_item_is_one_part_however_long() => Assert.Equal([[1000]], BatchParts.Of([1000], l => l));
}
