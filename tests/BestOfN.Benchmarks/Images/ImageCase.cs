using System.Globalization;
using BestOfN.Core.Prompts;
using BestOfN.Inference.Networks.Vision;
using SkiaSharp;

namespace BestOfN.Benchmarks.Images;

/// <summary>A question about an image of <paramref name="Side"/> × <paramref name="Side"/> tiles, and N answers.</summary>
internal sealed record ImageCase(int Side, int N)
{
    private const int QuestionTokens = 32;

    // Tokens of the question before the image: few, so that prompts with different images have no prefix worth caching in common.
    private const int TokensBefore = 4;

    public const int AnswerTokens = 64;

    public int Tiles => Side * Side;

    public int[] Before { get; } = Tokens(new Random(1), TokensBefore);

    public int[] After { get; } = Tokens(new Random(2), QuestionTokens - TokensBefore);

    public int[][] Answers { get; } = Draw(N);

    /// <summary>Vectors that the image becomes: the global view and all tiles, a newline at
    /// the end of every row of cells, one separator.</summary>
    public int ImageTokens(VisionConfiguration v) => ((v.Cells + 1) * v.Cells) + 1 + (Side * v.Cells * ((Side * v.Cells) + 1));

    /// <summary>The prompt: image and question.</summary>
    public int PromptTokens(VisionConfiguration v) => QuestionTokens + ImageTokens(v);

    public Prompt Prompt(ImagePart image) =>
        new([new ChatMessage("user", [new TextPart(NumberTokenizer.Text(Before)), image, new TextPart(NumberTokenizer.Text(After))])]);

    /// <summary>A PNG of as many pixels as the tiles have; another one for every number.</summary>
    public ImagePart Image(int number)
    {
        var random = new Random(Seed(number));
        var side = Side * ImageModel.Vision.ImageSize;
        using var bitmap = new SKBitmap(new SKImageInfo(side, side, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using var canvas = new SKCanvas(bitmap);
        using var paint = new SKPaint { IsAntialias = true };
        canvas.Clear(Colour());
        for (var i = 0; i < 40 * Tiles; i++)
        {
            paint.Color = Colour();
            canvas.DrawCircle(random.Next(side), random.Next(side), random.Next(4, ImageModel.Vision.ImageSize / 4), paint);
        }

        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return new ImagePart(encoded.ToArray()) { Source = string.Create(CultureInfo.InvariantCulture, $"picture {number}") };

        SKColor Colour() => new((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256));
    }

    // Every case has images of its own, in every run the same.
    private int Seed(int image) => (image * 10_000) + (Side * 1000) + N;

    private static int[][] Draw(int n)
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, n).Select(_ => Tokens(random, AnswerTokens))];
    }

    private static int[] Tokens(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(ImageModel.Decoder.VocabularySize))];
}
