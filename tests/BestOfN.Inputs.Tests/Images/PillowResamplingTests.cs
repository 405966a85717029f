using BestOfN.Inputs.Images;
using BestOfN.Testing;

namespace BestOfN.Inputs.Tests.Images;

public sealed class PillowResamplingTests
{
    private const string Folder = "preprocess/pil-resize";

    public static TheoryData<int> Cases =>
        [.. Enumerable.Range(0, GoldenFiles.Read(Folder, "cases.json").GetProperty("cases").GetArrayLength())];

    [Theory, MemberData(nameof(Cases))]
    public void Gives_the_bytes_of_the_reference(int index)
    {
        var (input, expected, filter, isGrey) = Case(index);

        if (isGrey)
        {
            var resized = PillowResampling.Resize(
                FirstChannel(input), (input.Width, input.Height), (expected.Width, expected.Height),
                    1, filter, verticalFirst: false, TestContext.Current.CancellationToken);
            Assert.Equal(FirstChannel(expected), resized);
        }

        GoldenImages.AssertEqual(
            expected, PillowResampling.Resize(input, expected.Width, expected.Height, filter, TestContext.Current.CancellationToken));
    }

    [Theory, MemberData(nameof(Cases))]
    public void The_other_order_of_passes_is_what_a_transposed_picture_gets(int index)
    {
        var (input, expected, filter, _) = Case(index);

        var resized = PillowResampling.Resize(
            Transpose(input).Pixels, (input.Height, input.Width), (expected.Height, expected.Width),
                3, filter, verticalFirst: true, TestContext.Current.CancellationToken);

        GoldenImages.AssertEqual(expected, Transpose(new(expected.Height, expected.Width, resized)));
    }

    [Fact]
    public void An_unchanged_size_changes_no_byte()
    {
        var picture = TestImages.Noise(31, 17);
        GoldenImages.AssertEqual(
            picture, PillowResampling.Resize(picture, 31, 17, ResamplingFilter.Bicubic, TestContext.Current.CancellationToken));
    }

    private static (Image Input, Image Expected, ResamplingFilter Filter, bool IsGrey) Case(int index)
    {
        var item = GoldenFiles.Read(Folder, "cases.json").GetProperty("cases")[index];
        return (
            GoldenImages.Read(Folder, item.GetProperty("input").GetString()!),
            GoldenImages.Read(Folder, item.GetProperty("expected").GetString()!),
            Enum.Parse<ResamplingFilter>(item.GetProperty("filter").GetString()!, ignoreCase: true),
            item.GetProperty("mode").GetString() == "L");
    }

    private static byte[] FirstChannel(Image picture) => [.. picture.Pixels.ToArray().Where((_, i) => i % 3 == 0)];

    private static Image Transpose(Image picture)
    {
        var pixels = new byte[picture.Pixels.Length];
        for (var i = 0; i < picture.Width * picture.Height; i++)
        {
            var (y, x) = Math.DivRem(i, picture.Width);
            picture.Pixels.Span.Slice(i * 3, 3).CopyTo(pixels.AsSpan(((x * picture.Height) + y) * 3));
        }

        return new(picture.Height, picture.Width, pixels);
    }
}
