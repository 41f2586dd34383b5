import { exactCodePieces, exactPieces, type Piece, readablePieces } from "./visible.ts";

/** A text in which every character can be seen: for what a person decides upon. */
export const Exact = ({ text }: { text: string }) => <Pieces pieces={exactPieces(text)} />;

/** The same for a line of code, whose tabs indent it. */
export const ExactCode = ({ text }: { text: string }) => <Pieces pieces={exactCodePieces(text)} />;

/** A text in which nothing can pretend to be something else: for names and paths of others. */
export const Readable = ({ text }: { text: string }) => <Pieces pieces={readablePieces(text)} />;

const Pieces = ({ pieces }: { pieces: Piece[] }) =>
  pieces.map(({ text, isEscape }, index) =>
    isEscape ? (
      <span key={index} className="escape" title="A character that cannot be seen">
        {text}
      </span>
    ) : (
      text
    ),
  );
