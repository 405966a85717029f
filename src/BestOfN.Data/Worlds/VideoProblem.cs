using BestOfN.Inputs.Images;

namespace BestOfN.Data.Worlds;

/// <summary>A problem about a video of one frame a second.</summary>
/// <remarks>
/// A frame and what its composition adds (a strip of 4 pixels above for its label, 1 pixel below) are 112 × 112 pixels, so that
/// composing, which halves, makes one tile of 56 pixels of each frame, and a cell of the board becomes one patch of 14.
/// </remarks>
internal abstract class VideoProblem : SeenProblem
{
    public const int Width = 112;
    public const int Height = 107;

    private const int LabelHeight = 4;

    public sealed override IReadOnlyList<Image> Frames => Drawn;

    /// <summary>An empty frame: a board of 4 × 4 cells.</summary>
    private protected static Canvas Board()
    {
        var canvas = new Canvas(Width, Height);
        for (var line = 1; line < Cell.BoardSide; line++)
        {
            canvas.Fill(0, (line * Cell.Pixels) - LabelHeight - 1, Width, 2, Ink.Line);
            canvas.Fill((line * Cell.Pixels) - 1, 0, 2, Height, Ink.Line);
        }

        return canvas;
    }

    /// <summary>Pixels from the left and the top to the middle of a cell.</summary>
    private protected static (int X, int Y) Middle(Cell cell) =>
        ((cell.Column * Cell.Pixels) + (Cell.Pixels / 2), (cell.Row * Cell.Pixels) + (Cell.Pixels / 2) - LabelHeight);
}
